-- Whether two clocks are the same, of two that are: all of both has to be looked at.
--
-- Fair: the same question and the same answer. On equal clocks @> of jsonb and hstore does this work, too.
INSERT INTO bench.scenarios VALUES ('identity', 'SQL: tell that two clocks are the same', 'ns a call', 'vclock =');
CALL bench.measure('identity', '{same}');
