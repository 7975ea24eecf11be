-- Binary input and output of both types, which the network feeds: COPY there and back, and hostile bytes.
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/binary.copy'
CREATE TEMP TABLE original (id int, clock vclock, registers synckit_registers);
INSERT INTO original VALUES
    (1, '{}', '{}'),
    (2, '{"alice": 3, "6ba7b810-9dad-11d1-80b4-00c04fd430c8": 70000}',
     '{"alive": [1024, "alice", 1], "fields": [["00000001", 1024, "alice", 1], ["00000002"]], "tombstones": {"x": [2048, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", 2]}}'),
    (3, '{"é": 9223372036854775807}', '{"dead": [5, "é", 9], "horizon": 7}'),
    (4, NULL, NULL);
COPY original TO :'file' WITH (FORMAT binary);
CREATE TEMP TABLE copied (LIKE original);
COPY copied FROM :'file' WITH (FORMAT binary);
SELECT id, clock, registers FROM copied ORDER BY id;
SELECT count(*) FROM original o JOIN copied c USING (id)
WHERE o.clock IS NOT DISTINCT FROM c.clock AND o.registers::text IS NOT DISTINCT FROM c.registers::text;

-- a bytea has the same frame in a binary COPY: so any bytes can be handed to vclock_recv
CREATE TEMP TABLE received (clock vclock);
CREATE TEMP TABLE received_registers (registers synckit_registers);
CREATE FUNCTION pg_temp.receive(file text, target text, wire bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE format('COPY (SELECT %L::bytea) TO %L WITH (FORMAT binary)', wire, file);
    EXECUTE format('COPY %s FROM %L WITH (FORMAT binary)', target, file);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', sqlstate, sqlerrm, detail);
END $$;
SELECT what, pg_temp.receive(:'file', 'received', wire) FROM (VALUES
    (1, 'good', '\x01 00000001 00000001 61 0000000000000003'::bytea),
    (2, 'nothing', ''),
    (3, 'version 0', '\x00 00000000'),
    (4, 'version 2', '\x02 00000000'),
    (5, 'no count', '\x01 0000'),
    (6, 'count without entries', '\x01 00000001'),
    (7, 'huge count', '\x01 7fffffff'),
    (8, 'negative count', '\x01 ffffffff'),
    (9, 'count too small', '\x01 00000000 00000001 61 0000000000000003'),
    (10, 'id cut off', '\x01 00000001 00000009 61 0000000000000003'),
    (11, 'huge id', '\x01 00000001 7fffffff 61 0000000000000003'),
    (12, 'id of 256 bytes', '\x01 00000001 00000100'::bytea || convert_to(repeat('a', 256), 'UTF8') || '\x0000000000000003'),
    (13, 'empty id', '\x01 00000001 00000000 0000000000000003 00'),
    (14, 'id with NUL', '\x01 00000001 00000001 00 0000000000000003'),
    (15, 'id not UTF-8', '\x01 00000001 00000001 ff 0000000000000003'),
    (16, 'zero counter', '\x01 00000001 00000001 61 0000000000000000'),
    (17, 'negative counter', '\x01 00000001 00000001 61 8000000000000000'),
    (18, 'counter cut off', '\x01 00000001 00000001 61 00000000000003'),
    (19, 'unsorted', '\x01 00000002 00000001 62 0000000000000001 00000001 61 0000000000000001'),
    (20, 'duplicate', '\x01 00000002 00000001 61 0000000000000001 00000001 61 0000000000000002'),
    (21, 'bytes behind', '\x01 00000001 00000001 61 0000000000000003 00')) t (n, what, wire) ORDER BY n;
SELECT what, pg_temp.receive(:'file', 'received_registers', wire) FROM (VALUES
    (1, 'good', '\x01'::bytea || convert_to('{"horizon": 3}', 'UTF8')),
    (2, 'nothing', ''),
    (3, 'version 2', '\x02'::bytea || convert_to('{}', 'UTF8')),
    (4, 'no JSON', '\x01'),
    (5, 'not UTF-8', '\x01 ff')) t (n, what, wire) ORDER BY n;
SELECT * FROM received;
SELECT * FROM received_registers;
