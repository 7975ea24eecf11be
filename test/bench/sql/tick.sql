-- Raising one client's counter by one.
--
-- Fair: every side reads the counter, or its absence, and is proved to give the same clock as plain arithmetic on rows.
-- "known" is a client that the clock has, "new" one that it has not.
INSERT INTO bench.scenarios VALUES ('tick', 'SQL: raise one counter', 'ns a call', 'vclock_tick');
CALL bench.measure('tick', '{known,new}');
