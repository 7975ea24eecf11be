-- The binary form of vclock: what goes out comes back, and nothing but that comes in. Like the network, a file of COPY
-- BINARY can bring any bytes: a bytea has the same frame there.
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/vclock_binary.copy'

-- there and back: clocks out of md5, the great and the small
CREATE TEMP TABLE original (n int, clock vclock);
INSERT INTO original
SELECT n, (SELECT vclock_agg(CASE i % 2 WHEN 0 THEN random::uuid::text ELSE 'client ' || random END,
                             ('x0' || random)::bit(64)::bigint >> (n % 63))
           FROM generate_series(1, n % 9) i, md5(n || ' ' || i) random)
FROM generate_series(1, 300) n;
INSERT INTO original VALUES
    (1001, '{}'), (1002, NULL), (1003, vclock_build(ARRAY[repeat('x', 255)], '{1}')),
    (1004, vclock_build(ARRAY[repeat('é', 127) || 'x', E'"\\\n', '日本', '😀'], '{1,255,65536,9223372036854775807}')),
    (1005, (SELECT vclock_agg('client ' || i, i) FROM generate_series(1, 10000) i)),
    (1006, (SELECT vclock_agg(md5(i::text)::uuid::text, i) FROM generate_series(1, 10000) i));
COPY original TO :'file' WITH (FORMAT binary);
CREATE TEMP TABLE copied (LIKE original);
COPY copied FROM :'file' WITH (FORMAT binary);
SELECT count(*) AS clocks, count(*) FILTER (WHERE o.clock IS DISTINCT FROM c.clock) AS wrong,
       count(*) FILTER (WHERE o.clock::text IS DISTINCT FROM c.clock::text) AS other_text
FROM original o JOIN copied c USING (n);

-- the form: version, number of entries; for each, by the ids' bytes, the id's length, the id and the counter
SELECT clock, vclock_send(clock) FROM unnest(ARRAY[
    '{}', '{"alice": 3}', '{"é": 9223372036854775807}', '{"b": 256, "a": 65536}',
    '{"6": 1, "6ba7b810-9dad-11d1-80b4-00c04fd430c8": 70000, "7": 2}']::vclock[]) clock;
SELECT octet_length(vclock_send(clock)) AS bytes,
       (SELECT 5 + sum(12 + octet_length(client_id)) FROM vclock_entries(clock)) AS expected
FROM original WHERE n > 1002 ORDER BY n;

-- hands bytes to vclock_recv: SQLSTATE, message and detail, or the clock
CREATE TEMP TABLE received (clock vclock);
CREATE FUNCTION pg_temp.receive(wire bytea, file text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text; result text;
BEGIN
    EXECUTE format('COPY (SELECT %L::bytea) TO %L WITH (FORMAT binary)', wire, file);
    EXECUTE format('COPY received FROM %L WITH (FORMAT binary)', file);
    SELECT 'accepted as ' || clock INTO STRICT result FROM received WHERE vclock_send(clock) = wire;
    DELETE FROM received;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', sqlstate, sqlerrm, detail);
END $$;
CREATE FUNCTION pg_temp.entry(id text, counter bigint) RETURNS bytea IMMUTABLE
    RETURN int4send(octet_length(id)) || convert_to(id, 'UTF8') || int8send(counter);
\set uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8
SELECT pg_temp.receive('\x01 00000001 00000005 616c696365 0000000000000003', :'file');
-- other versions, and every field at its bounds
SELECT count(*), min(version), max(version), answer FROM (
    SELECT version, pg_temp.receive(set_byte('\x00 00000001 00000001 61 0000000000000003', 0, version), :'file')
    FROM unnest(ARRAY[0, 1, 2, 16, 127, 129, 255]) version) s (version, answer)
GROUP BY answer ORDER BY answer COLLATE "C";
SELECT what, left(pg_temp.receive(wire, :'file'), 100) AS answer FROM (VALUES
    (1, 'no entries', '\x01 00000000'::bytea),
    (2, 'fewer entries', '\x01 00000000 00000001 61 0000000000000003'),
    (3, 'more entries', '\x01 00000002 00000001 61 0000000000000003'),
    (4, 'huge number of entries', '\x01 7fffffff 00000001 61 0000000000000003'),
    (5, 'negative number of entries', '\x01 80000000 00000001 61 0000000000000003'),
    (6, 'all bits set', '\xff ffffffff ffffffff ff ffffffffffffffff'),
    (7, 'length 0', '\x01 00000001 00000000 61 0000000000000003'),
    (8, 'length 0 and no id', '\x01 00000001 00000000 0000000000000003 00'),
    (9, 'length 2 for 1', '\x01 00000001 00000002 61 0000000000000003'),
    (10, 'length 256', '\x01 00000001 00000100 61 0000000000000003'),
    (11, 'length 2^31 - 1', '\x01 00000001 7fffffff 61 0000000000000003'),
    (12, 'length -1', '\x01 00000001 ffffffff 61 0000000000000003'),
    (13, 'id of 255 bytes', '\x01 00000001'::bytea || pg_temp.entry(repeat('a', 255), 3)),
    (14, 'id of 256 bytes', '\x01 00000001'::bytea || pg_temp.entry(repeat('a', 256), 3)),
    (15, 'zero counter', '\x01 00000001 00000001 61 0000000000000000'),
    (16, 'counter -1', '\x01 00000001 00000001 61 ffffffffffffffff'),
    (17, 'counter -2^63', '\x01 00000001 00000001 61 8000000000000000'),
    (18, 'counter 2^63 - 1', '\x01 00000001 00000001 61 7fffffffffffffff'),
    (19, 'unsorted', '\x01 00000002'::bytea || pg_temp.entry('b', 1) || pg_temp.entry('a', 1)),
    (20, 'unsorted UUID', '\x01 00000002'::bytea || pg_temp.entry('7', 1) || pg_temp.entry(:'uuid', 1)),
    (21, 'duplicate', '\x01 00000002'::bytea || pg_temp.entry('a', 1) || pg_temp.entry('a', 1)),
    (22, 'duplicate UUID', '\x01 00000002'::bytea || pg_temp.entry(:'uuid', 1) || pg_temp.entry(:'uuid', 2)),
    (23, 'bytes behind', '\x01 00000001 00000001 61 0000000000000003 00'),
    (24, 'the storage of {"a": 3}', '\x10 00 01 01 61 03'),
    (25, 'text', convert_to('{"a": 3}', 'UTF8'))) t (n, what, wire) ORDER BY n;
-- ids that are no text: a lone continuation byte, over-long, cut off, a surrogate, above U+10FFFF, NUL
SELECT id, split_part(pg_temp.receive(wire, :'file'), ' ', 1) AS answer
FROM unnest(ARRAY['\x80', '\xff', '\xc080', '\xc1bf', '\xe08080', '\xf0808080', '\xc3', '\xe697', '\xf09f98',
                  '\xeda080', '\xf4908080', '\x00', '\x6100', '\xc3a9', '\xf09f9880', '\xf48fbfbf']::bytea[]) id,
     LATERAL (SELECT '\x01 00000001'::bytea || int4send(octet_length(id)) || id || int8send(3) AS wire) w;

-- cut off at every byte, and with every byte changed: refused, or what it then says; never anything else
CREATE TEMP TABLE frame AS
SELECT '\x01 00000003'::bytea || pg_temp.entry('1', 259) || pg_temp.entry(:'uuid', 70000)
       || pg_temp.entry('é', 9223372036854775807) AS wire;
SELECT pg_temp.receive(wire, :'file') FROM frame;
SELECT answer, count(*) FROM (
    SELECT pg_temp.receive(substr(wire, 1, n), :'file') AS answer
    FROM frame, generate_series(0, octet_length(wire) - 1) n) s
GROUP BY answer ORDER BY answer COLLATE "C";
SELECT split_part(answer, ' ', 1) AS code, count(*) FROM (
    SELECT pg_temp.receive(set_byte(wire, at, (get_byte(wire, at) + change) % 256), :'file') AS answer
    FROM frame, generate_series(0, octet_length(wire) - 1) at, unnest(ARRAY[1, 128, 255]) change) s
GROUP BY 1 ORDER BY 1;
SELECT count(*) AS stored FROM received;
