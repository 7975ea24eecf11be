-- Reading a clock from text.
--
-- Fair: the text is each type's own form of the same clock; all go through a cast from text, which calls the type's
-- input function.
INSERT INTO bench.scenarios VALUES ('in', 'SQL: read a clock from text', 'ns a call', 'vclock');
CREATE FUNCTION bench.to_json_text(jsonb) RETURNS text LANGUAGE sql IMMUTABLE RETURN $1::text;
CREATE FUNCTION bench.to_hstore_text(jsonb) RETURNS text LANGUAGE sql IMMUTABLE RETURN bench.to_hstore($1)::text;
CALL bench.measure('in', '{equal}');
