-- The functions of vclock and their operators, one by one, to their edges.
\pset null NULL
CREATE TEMP TABLE named (name text, clock vclock);
INSERT INTO named VALUES
    ('empty', '{}'),
    ('one', '{"alice": 3}'),
    ('mixed', '{"alice": 3, "6ba7b810-9dad-11d1-80b4-00c04fd430c8": 70000, "日本": 9223372036854775807}'),
    ('big', (SELECT vclock_build(array_agg('client ' || i), array_agg(i::bigint)) FROM generate_series(1, 10000) i));

-- what an error says: SQLSTATE, message, detail and hint
CREATE FUNCTION pg_temp.error(expression text) RETURNS TABLE (code text, message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || expression;
    code := 'none';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                            hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;

-- reading
SELECT name, client, vclock_get(clock, client), clock -> client AS "->", vclock_has(clock, client),
       clock ? client AS "?"
FROM named, (VALUES ('alice'), ('Alice'), ('alic'), ('alice '), ('6ba7b810-9dad-11d1-80b4-00c04fd430c8'), ('日本'), ('日'),
                    ('client 1'), ('client 10000'), ('client 10001'), (repeat('x', 255))) t (client)
WHERE clock ? client OR (name = 'mixed' AND length(client) < 100)
ORDER BY name COLLATE "C", client COLLATE "C";
SELECT name, vclock_size(clock) FROM named ORDER BY 2;
SELECT count(*) AS wrong FROM named, generate_series(1, 10000, 99) i
WHERE name = 'big' AND (clock -> ('client ' || i) <> i OR NOT clock ? ('client ' || i));

-- ids that are a UUID, and those that only look like one, are told apart; only a UUID is stored in 16 bytes
SELECT id, clock -> id AS counter, vclock_size(clock) AS size,
       pg_column_size(vclock_build(ARRAY[id], ARRAY[1])) - 4 AS bytes
FROM unnest(ARRAY['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B810-9DAD-11D1-80B4-00C04FD430C8',
                  '6ba7b810-9dad-11d1-80b4-00c04fd430c', '6ba7b810-9dad-11d1-80b4-00c04fd430c8a',
                  '6ba7b810x9dad-11d1-80b4-00c04fd430c8', '6ba7b8109dad11d180b400c04fd430c8',
                  '6ba7b810-9dad-11d1-80b4-00c04fd430cg', '6ba7b810-9dad-11d1-80b4-00c04fd430c ',
                  '{6ba7b810-9dad-11d1-80b4-00c04fd430c8}', '6ba7b8109-dad-11d1-80b4-00c04fd430c8',
                  '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'])
         WITH ORDINALITY t (id, n),
     (SELECT vclock_build(ARRAY['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B810-9DAD-11D1-80B4-00C04FD430C8',
                                '6ba7b810-9dad-11d1-80b4-00c04fd430c', '6ba7b810-9dad-11d1-80b4-00c04fd430c8a',
                                '6ba7b810x9dad-11d1-80b4-00c04fd430c8'], ARRAY[1, 2, 3, 4, 5]) AS clock) c
ORDER BY n;

-- any id of 1 to 255 bytes: what JSON escapes, several bytes a character, the ends of the length
SELECT CASE WHEN length(id) < 20 THEN clock::text ELSE length(id) || ' characters' END AS clock,
       clock -> id AS counter, clock::text::vclock = clock AS by_text, clock::jsonb::vclock = clock AS by_jsonb,
       clock - id AS forgotten, (SELECT client_id FROM vclock_entries(clock)) = id AS same_id
FROM (SELECT n, id, vclock_build(ARRAY[id], ARRAY[7]) AS clock
      FROM unnest(ARRAY['"', '\', '/', E'\b\f\n\r\t', E'\x01\x1f', '😀', '{"a": 1}', ' ', 'null', '0', 'é',
                        repeat('x', 255), repeat('é', 127), repeat('😀', 63) || 'xyz']) WITH ORDINALITY t (id, n)) s
ORDER BY n;

-- tick, advance, forget
SELECT '{}'::vclock AS clock, vclock_tick('{}', 'a'), vclock_tick('{}', 'a', 5), vclock_tick('{"a": 2}', 'a', 5),
       vclock_tick('{"a": 9223372036854775806}', 'a'), vclock_tick('{}', 'a', 9223372036854775807),
       vclock_tick(clock => '{"b": 1}', client => 'a', by => 2);
SELECT v AS value, vclock_advance('{}', 'a', v), vclock_advance('{"a": 4, "c": 1}', 'a', v),
       vclock_advance('{"a": 4, "c": 1}', 'b', v)
FROM unnest(ARRAY[0, 1, 3, 4, 5, 9223372036854775807]) v;
SELECT id, clock - id AS "-", vclock_forget(clock, id)
FROM (VALUES ('{"a": 1, "b": 2, "c": 3}'::vclock)) c (clock), unnest(ARRAY['a', 'b', 'c', 'd', 'A']) id;
SELECT vclock_forget('{"a": 1}', 'a') = '{}' AS last_one, vclock_forget('{}', 'a'),
       '{"6ba7b810-9dad-11d1-80b4-00c04fd430c8": 5, "x": 1}'::vclock - '6ba7b810-9dad-11d1-80b4-00c04fd430c8' AS uuid;
SELECT clock -> 'client 5' AS was, vclock_tick(clock, 'client 5', 10) -> 'client 5' AS ticked,
       vclock_size(vclock_tick(clock, 'new')) AS grown, vclock_size(clock - 'client 5') AS shrunk,
       vclock_tick(clock, 'new') - 'new' = clock AS and_back, vclock_advance(clock, 'client 5', 5) = clock AS unchanged
FROM named WHERE name = 'big';

-- counters are as wide as the greatest needs, on the way up and on the way down
SELECT v AS counter, pg_column_size(vclock_advance('{"a": 1}', 'b', v)) - 4 AS bytes,
       pg_column_size(vclock_tick('{"a": 1, "b": 1}', 'b', v - 1)) - 4 AS ticked,
       pg_column_size(vclock_advance('{"a": 1}', 'b', v) - 'a') - 4 AS greatest_left,
       pg_column_size(vclock_advance('{"a": 1}', 'b', v) - 'b') - 4 AS least_left,
       pg_column_size(vclock_meet(vclock_advance('{"a": 1}', 'b', v), vclock_advance('{"b": 1}', 'a', v))) - 4 AS met,
       pg_column_size(vclock_merge(vclock_advance('{"a": 1}', 'b', v), '{"c": 1}')) - 4 AS merged,
       vclock_advance('{"a": 1}', 'b', v) - 'b' = '{"a": 1}' AS canonical
FROM unnest(ARRAY[255, 256, 65535, 65536, 4294967295, 4294967296, 9223372036854775807]) v;

-- merge and meet
SELECT a, b, vclock_merge(a, b), (a | b) = vclock_merge(a, b) AS "|",
       vclock_meet(a, b), (a & b) = vclock_meet(a, b) AS "&"
FROM (VALUES ('{}'::vclock, '{}'::vclock), ('{"a": 1}', '{}'), ('{}', '{"a": 1}'), ('{"a": 1}', '{"a": 1}'),
             ('{"a": 300}', '{"a": 2}'), ('{"a": 1}', '{"b": 1}'), ('{"a": 3, "b": 1}', '{"b": 2, "c": 9}'),
             ('{"a": 1, "b": 70000}', '{"a": 9223372036854775807, "b": 2}'),
             ('{"a": 1, "00000000-0000-0000-0000-000000000001": 1}',
             '{"z": 2, "00000000-0000-0000-0000-000000000001": 2}'))
     t (a, b);
-- what is no client id is in no clock: a question, not an error
SELECT vclock_get('{"a": 1}', ''), '{"a": 1}'::vclock ? '' AS "?", vclock_has('{"a": 1}', repeat('x', 256)),
       '{"a": 1}'::vclock -> repeat('é', 128) AS "->", '{"a": 1}'::vclock - '' AS "-";
-- and & | bind tighter than =, looser than + and -
SELECT '{"a": 1}'::vclock | '{"b": 2}' = '{"a": 1, "b": 2}' AS merged,
       '{"a": 1}' | '{"b": 1}'::vclock - 'b' AS forgotten_first;
SELECT vclock_size(big.clock | other) AS merged, vclock_size(big.clock & other) AS met,
       (big.clock | other) -> 'client 5' AS five, (big.clock & other) -> 'client 9999' AS last
FROM named big, LATERAL (SELECT vclock_build(array_agg('client ' || i), array_agg(100::bigint)) AS other
                         FROM generate_series(1, 20000, 2) i) o
WHERE name = 'big';

-- entries, in the order of the ids' bytes
SELECT e.* FROM named, vclock_entries(clock) WITH ORDINALITY e WHERE name = 'mixed';
SELECT client_id FROM vclock_entries('{"b": 1, "B": 1, "é": 1, "a b": 1, "a": 1, "aa": 1, "10": 1, "9": 1}');
SELECT name, count(client_id), sum(clock_value) FROM named LEFT JOIN LATERAL vclock_entries(clock) ON name <> 'mixed'
GROUP BY name ORDER BY name COLLATE "C";
SELECT pg_typeof(client_id), pg_typeof(clock_value) FROM vclock_entries('{"a": 1}');
SELECT * FROM vclock_entries(NULL);
SELECT (vclock_entries('{"a": 1, "b": 2}')).*;

-- build: zeros are left out, of a repeated client the greater counter stays
SELECT vclock_build('{}', '{}'), vclock_build('{b,a,c}', '{1,2,0}'), vclock_build('{a,b,a,a}', '{1,5,3,2}'),
       vclock_build('{a,a}', '{0,1}'), vclock_build('{a}', '{9223372036854775807}'),
       vclock_build('[5:6]={a,b}', '[0:1]={1,2}');
SELECT clock = (SELECT vclock_build(array_agg(client_id ORDER BY clock_value DESC),
                                    array_agg(clock_value ORDER BY clock_value DESC))
                FROM vclock_entries(clock)) AS there_and_back FROM named;

-- strict: null in, null out
SELECT vclock_get(NULL, 'a'), '{}'::vclock -> NULL AS "->", vclock_has(NULL, 'a'), '{}'::vclock ? NULL AS "?",
       vclock_tick(NULL, 'a'), vclock_tick('{}', NULL), vclock_tick('{}', 'a', NULL), vclock_advance('{}', 'a', NULL),
       vclock_forget(NULL, 'a'), '{}'::vclock - NULL AS "-";
SELECT vclock_merge('{}', NULL), NULL | '{}'::vclock AS "|", vclock_meet(NULL, '{}'), '{}'::vclock & NULL AS "&",
       vclock_compare('{}', NULL), vclock_size(NULL), vclock_build(NULL, '{}'), vclock_build('{}', NULL);

-- what is refused
\x on
SELECT e AS expression, r.* FROM unnest(ARRAY[
    $$vclock_tick('{"a": 9223372036854775807}', 'a')$$,
    $$vclock_tick('{"a": 9223372036854775800}', 'a', 8)$$,
    $$vclock_tick('{"a": 1}', 'a', 9223372036854775807)$$,
    $$vclock_tick('{}', 'a', 0)$$,
    $$vclock_tick('{}', 'a', '-9223372036854775808')$$,
    $$vclock_tick('{}', '')$$,
    $$vclock_tick('{}', repeat('x', 256))$$,
    $$vclock_advance('{"a": 3}', 'a', -1)$$,
    $$vclock_advance('{}', '', 1)$$,
    $$vclock_build('{a}', '{-1}')$$,
    $$vclock_build('{a,b}', '{1}')$$,
    $$vclock_build('{a,NULL}', '{1,2}')$$,
    $$vclock_build('{a,b}', '{1,NULL}')$$,
    $$vclock_build('{{a},{b}}', '{1,2}')$$,
    $$vclock_build('{a,b}', '{{1},{2}}')$$,
    $$vclock_build('{a,""}', '{1,2}')$$,
    $$vclock_build(ARRAY[repeat('x', 256)], '{1}')$$]) e, LATERAL pg_temp.error(e) r;
