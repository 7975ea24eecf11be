-- Casts of vclock: jsonb both ways, by assignment or when asked for, text by input and output; none is implicit.
\pset null NULL
SELECT castsource::regtype AS source, casttarget::regtype AS target, castcontext AS context, castmethod AS method
FROM pg_cast WHERE 'vclock'::regtype IN (castsource, casttarget) ORDER BY castsource::regtype::text COLLATE "C";

-- there and back
SELECT text, text::jsonb::vclock, text::vclock::jsonb, text::jsonb::vclock = text::vclock AS same,
       (text::vclock::jsonb)::vclock = text::vclock AS and_back
FROM unnest(ARRAY['{}', '{"a": 1}', '{"bb": 2, "a": 1, "C": 3}', '{"a": 0}', '{"a": 9223372036854775807}',
                  '{"é\n\"": 1}', '{"6ba7b810-9dad-11d1-80b4-00c04fd430c8": 5, "x": 1}']) WITH ORDINALITY t (text, n)
ORDER BY n;
SELECT NULL::jsonb::vclock, NULL::vclock::jsonb;
SELECT vclock_size(clock), clock::jsonb::vclock = clock AS by_jsonb, clock::text::vclock = clock AS by_text,
       (SELECT count(*) FROM jsonb_object_keys(clock::jsonb)) AS keys, jsonb_typeof(clock::jsonb)
FROM (SELECT vclock_agg('client ' || i, i) AS clock FROM generate_series(1, 10000) i) s;

-- read is what jsonb shows: the last of repeated keys, and numbers without exponent
SELECT '{"a": 1, "a": 2}'::jsonb::vclock AS repeated, '{"a": 1e2}'::jsonb::vclock AS "1e2",
       '{"a": 20e-1}'::jsonb AS "20e-1",
       '{"a": -0}'::jsonb::vclock AS "-0";
CREATE FUNCTION pg_temp.refused(json jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM json::vclock;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', sqlstate, sqlerrm, detail);
END $$;
SELECT json, pg_temp.refused(json::jsonb) FROM unnest(ARRAY[
    '{"a": 1.5}', '{"a": 3.0}', '{"a": 20e-1}', '{"a": 1e-400}', '{"a": -1}', '{"a": 9223372036854775808}',
    '{"a": 1e30}', '{"a": "1"}', '{"a": true}', '{"a": null}', '{"a": {}}', '{"a": {"b": 1}}', '{"a": [1]}', '[]',
    '[{"a": 1}]', '1', '"{}"', 'null', 'true', '{"": 1}']) WITH ORDINALITY t (json, n) ORDER BY n;
SELECT pg_temp.refused(jsonb_build_object(repeat('x', 256), 1)),
       pg_temp.refused(jsonb_build_object(repeat('é', 128), 1));

-- assignment
CREATE TEMP TABLE assigned (clock vclock, json jsonb, text text);
INSERT INTO assigned (clock) VALUES ('{"b": 2, "a": 1}'::jsonb);
UPDATE assigned SET json = clock, text = clock;
UPDATE assigned SET clock = json;
INSERT INTO assigned (clock, json) SELECT json, clock FROM assigned;
SELECT clock, json, text FROM assigned;
INSERT INTO assigned (clock) VALUES ('{"a": 1.5}'::jsonb);
-- from text only when asked for
INSERT INTO assigned (clock) VALUES ('{"a": 1}'::text);
INSERT INTO assigned (clock) VALUES ('{"a": 1}'::text::vclock) RETURNING clock;
SELECT '{"a": 1}'::varchar::vclock, '{"a": 1}'::vclock::varchar(4), CAST('{"a": 1}' AS vclock), vclock '{"a": 1}';

-- whoever makes JSON of a row finds the object in it, not a string
SELECT to_jsonb('{"a": 1}'::vclock), row_to_json(r), jsonb_build_object('clock', clock)
FROM (SELECT 1 AS id, '{"b": 2, "a": 1}'::vclock AS clock) r;

-- none is implicit: what jsonb and text can do does not swallow clocks, nor the other way round
CREATE FUNCTION pg_temp.error(expression text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || expression;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN concat_ws(' | ', sqlstate, sqlerrm);
END $$;
SELECT expression, pg_temp.error(expression) FROM unnest(ARRAY[
    $$'{"a": 1}'::vclock || '{"b": 1}'::vclock$$,
    $$'{"a": 1}'::vclock || '{"b": 1}'::jsonb$$,
    $$'{"a": 1}'::jsonb || '{"b": 1}'::vclock$$,
    $$'{"a": 1}'::vclock = '{"a": 1}'::jsonb$$,
    $$'{"a": 1}'::vclock = '{"a": 1}'::text$$,
    $$'{"a": 1}'::vclock | '{"a": 1}'::jsonb$$,
    $$'{"a": 1}'::vclock >>= '{"a": 1}'::jsonb$$,
    $$'{"a": 1}'::vclock @> '{"a": 1}'::jsonb$$,
    $$'{"a": 1}'::vclock ->> 'a'$$,
    $$'{"a": 1}'::vclock #- '{a}'$$,
    $$jsonb_object_keys('{"a": 1}'::vclock)$$,
    $$length('{"a": 1}'::vclock)$$,
    $$vclock_get('{"a": 1}'::jsonb, 'a')$$,
    $$vclock_merge('{"a": 1}'::jsonb, '{}')$$,
    $$vclock_size('{"a": 1}'::text)$$,
    $$'{"a": 1}'::json::vclock$$,
    $$'{"a": 1}'::vclock::bytea$$,
    $$coalesce('{}'::vclock, '{}'::jsonb)$$,
    $$'{}'::vclock UNION SELECT '{}'::jsonb$$]) WITH ORDINALITY t (expression, n) ORDER BY n;
