-- Writing a clock as text.
--
-- Fair: each type's own form of the same clock; all go through a cast to text, which calls the type's output
-- function. The keys of hstore and jsonb are text already, those of a vclock UUIDs of 16 bytes.
INSERT INTO bench.scenarios VALUES ('out', 'SQL: write a clock as text', 'ns a call', 'vclock');
CALL bench.measure('out', '{equal}');
