-- The bytes of a stored clock, which are documented and stay readable for ever. Casts that only a superuser can make show
-- them, and put others in their place.
BEGIN;
SET LOCAL client_min_messages = error;
CREATE CAST (vclock AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS vclock) WITHOUT FUNCTION;
SELECT clock, clock::bytea AS bytes FROM unnest(ARRAY[
    '{}', '{"a": 3}', '{"a": 255, "bc": 1}', '{"a": 256, "bc": 1}', '{"a": 65535}', '{"a": 65536, "b": 1}',
    '{"a": 4294967295}', '{"a": 4294967296, "b": 1}', '{"a": 9223372036854775807}', '{"é": 1, "z": 2}',
    '{"00112233-4455-6677-8899-aabbccddeeff": 1}', '{"00112233-4455-6677-8899-AABBCCDDEEFF": 1}',
    '{"z": 1, "5": 2, "ffffffff-ffff-ffff-ffff-ffffffffffff": 3, "00000000-0000-0000-0000-000000000000": 4}'
    ]::vclock[]) clock;
-- varints of two bytes from 128 clients on
SELECT n, substr(clock::bytea, 1, 5) AS head, octet_length(clock::bytea) AS bytes
FROM (VALUES (127), (128), (16383), (16384)) t (n),
     LATERAL (SELECT vclock_agg(to_hex(i), 1) AS clock FROM generate_series(1, n) i) c ORDER BY n;

-- bytes that are no clock are found to be none, whatever is asked of them
CREATE FUNCTION pg_temp.answer(expression text, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE format('SELECT %s FROM (SELECT $1::vclock AS c) s', expression) USING bytes;
    RETURN 'answered';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', sqlstate, sqlerrm, detail);
END $$;
CREATE TEMP TABLE expressions AS SELECT * FROM unnest(ARRAY[
    'c::text', $$c -> 'a'$$, $$vclock_tick(c, 'b')$$, $$vclock_advance(c, 'b', 300)$$, $$c - 'a'$$, $$c | '{"a": 1}'$$,
    $$'{"b": 1}' & c$$, $$c | c$$, $$c >>= '{"b": 1}'$$, $$vclock_cmp('{"b": 1}', c)$$, 'vclock_size(c)',
    'vclock_entries(c)', 'vclock_send(c)', 'c::jsonb']) expression;
SELECT bytes, array_agg(DISTINCT pg_temp.answer(expression, bytes)) AS answers FROM expressions, unnest(ARRAY[
    '\x', '\x00', '\x10', '\x1000', '\x0000010161 03', '\x2000010161 03', '\x1400010161 03', '\xff00010161 03',
    '\x10000101', '\x1000010161', '\x1000010261 03', '\x1000010061 03', '\x100001016103 00', '\x1001000161 03',
    '\x10ffffffff0f0161 03', '\x1000ffffffffffffffffff7f 61 03', '\x1080808080808080808080 00',
    '\x1300010161 03']::bytea[]) WITH ORDINALITY b (bytes, n) GROUP BY n, bytes ORDER BY n;
-- cut off at every byte, and with every byte changed: found out, or read as some clock; never anything else
CREATE TEMP TABLE sound AS
SELECT '{"a": 1, "bc": 300, "00112233-4455-6677-8899-aabbccddeeff": 2, "é": 3}'::vclock::bytea AS bytes;
SELECT count(*) AS cuts, count(*) FILTER (WHERE answer NOT LIKE 'XX001 | invalid vclock value | %') AS others FROM (
    SELECT pg_temp.answer(expression, substr(bytes, 1, n)) AS answer
    FROM sound, generate_series(0, octet_length(bytes) - 1) n, expressions) s;
SELECT DISTINCT split_part(answer, ' ', 1) AS answers FROM (
    SELECT pg_temp.answer(expression, set_byte(bytes, at, (get_byte(bytes, at) + change) % 256)) AS answer
    FROM sound, generate_series(0, octet_length(bytes) - 1) at, unnest(ARRAY[1, 16, 128, 255]) change, expressions) s
ORDER BY 1;
ROLLBACK;
