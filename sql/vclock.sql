-- The type vclock: text in and out, the functions of the first version, and what is refused.
\pset null NULL
-- canonical: sorted by the ids' bytes, zeros left out
SELECT '{"bob": 1, "alice": 3}'::vclock, '{}'::vclock, '{"a": 0}'::vclock, ' { "a" : 0 , "b":2 } '::vclock;
SELECT '{"é": 1, "z": 2, "日本": 3, "😀": 4}'::vclock;
SELECT '{"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t": 7}'::vclock;
SELECT '{"6ba7b810-9dad-11d1-80b4-00c04fd430c8": 1, "6BA7B810-9dad-11d1-80b4-00c04fd430c8": 2, "6ba7b810": 3, "7": 4}'::vclock;
SELECT '{"max": 9223372036854775807}'::vclock;
SELECT length(('{"' || repeat('x', 255) || '": 1}')::vclock::text);

-- equality is a compare of bytes
SELECT '{"a": 1, "b": 2}'::vclock = '{"b":2,"a":1,"c":0}'::vclock AS equal, '{"a": 1}'::vclock = '{"a": 2}'::vclock AS other;

SELECT vclock_get('{"alice": 3}', 'alice'), vclock_get('{"alice": 3}', 'bob');
SELECT vclock_get('{"6ba7b810-9dad-11d1-80b4-00c04fd430c8": 5, "x": 1}', '6ba7b810-9dad-11d1-80b4-00c04fd430c8');
SELECT vclock_tick('{}', 'alice'), vclock_tick('{"alice": 3}', 'alice', 70000), vclock_tick('{"alice": 3}', 'bob');
SELECT vclock_merge('{"a": 3, "b": 1}', '{"b": 2, "c": 9}'), vclock_merge('{"a": 300}', '{"a": 2}'), vclock_merge('{}', '{}');
SELECT a, b, vclock_compare(a::vclock, b::vclock)
FROM (VALUES ('{}', '{}'), ('{"a": 1}', '{"a": 1}'), ('{"a": 1}', '{"a": 2}'), ('{"a": 1}', '{}'),
             ('{"a": 1}', '{"b": 1}'), ('{"a": 2, "b": 1}', '{"a": 1, "b": 2}')) t (a, b);
SELECT vclock_get(NULL, 'a'), vclock_merge('{}', NULL);

-- sizes: a UUID costs 16 bytes and a small counter one or two
SELECT n, pg_column_size(clock) - 4 AS bytes
FROM (SELECT n, (SELECT ('{' || string_agg(format('"%s": 100', md5(i::text)::uuid), ', ') || '}')::vclock
                 FROM generate_series(1, n) i) AS clock
      FROM (VALUES (1), (8), (64)) t (n)) s;

-- binary: a round trip through COPY
CREATE TEMP TABLE clocks (clock vclock);
INSERT INTO clocks VALUES ('{}'), ('{"alice": 3, "6ba7b810-9dad-11d1-80b4-00c04fd430c8": 70000}'), ('{"é": 9223372036854775807}');
SELECT encode(vclock_send(clock), 'hex') FROM clocks;

-- what is refused
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set ECHO none
CREATE FUNCTION pg_temp.refused(text) RETURNS TABLE (input text, sqlstate text, message text, detail text)
LANGUAGE plpgsql AS $$
DECLARE
    m text; d text;
BEGIN
    PERFORM $1::vclock;
    RETURN QUERY SELECT left($1, 60), 'accepted', NULL, NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
    RETURN QUERY SELECT left($1, 60), sqlstate, left(m, 100), d;
END $$;
\set ECHO all
\x on
SELECT r.* FROM unnest(ARRAY[
    '', ' ', '{', '[]', '{}x', '{} {}', 'null', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '{"a":1 "b":2}',
    '{"a":-1}', '{"a":1.5}', '{"a":1e3}', '{"a":01}', '{"a":"1"}', '{"a":null}', '{"a":+1}', '{"a":-0}',
    '{"a":9223372036854775808}', '{"a":99999999999999999999999999}', '{"":1}', '{"a":1,"a":1}', '{"a":0,"a":1}',
    '{"\u0000":1}', '{"\ud800":1}', '{"\udc00":1}', '{"\ud800\u0041":1}', '{"\x":1}', '{"\u12":1}', '{"a',
    E'{"a\tb":1}', '{"' || repeat('x', 256) || '":1}', '{"' || repeat('é', 128) || '":1}']) t,
    LATERAL pg_temp.refused(t) r;
\x off
\set VERBOSITY default
SELECT vclock_tick('{"a": 9223372036854775807}', 'a');
SELECT vclock_tick('{"a": 9223372036854775800}', 'a', 8);
SELECT vclock_tick('{}', 'a', 0);
SELECT vclock_tick('{}', 'a', -5);
SELECT vclock_tick('{}', '');
SELECT vclock_get('{}', repeat('x', 256));
