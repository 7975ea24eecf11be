-- synckit_apply_delta(): one delta at a time, rule by rule.
SELECT synckit_migrate();
\pset null NULL
CREATE VIEW doc AS SELECT id, state, version, clock FROM synckit.documents ORDER BY id;
CREATE VIEW log AS SELECT document_id, version, client_id, operation_type, field_path, value, clock_value, outcome, changed_fields
    FROM synckit.deltas ORDER BY document_id, version;

-- set, merge, delete of a field, JSON null
SELECT ordinality, id IS NOT NULL AS has_id, document_id, version, clock_value, lamport > 0 AS has_lamport, field_path,
       outcome, changed_fields, "timestamp" <= clock_timestamp() AS has_time, error_code, error_message
FROM synckit_apply_delta('todo', 'alice', 'set', 'title', '"Buy milk"');
SELECT version, clock_value, outcome FROM synckit_apply_delta('todo', 'bob', 'merge', '', '{"done": false, "tags": ["a", 1.10, null], "n": null}');
SELECT version, clock_value, outcome FROM synckit_apply_delta('todo', 'alice', 'delete', 'title');
SELECT version, clock_value, outcome FROM synckit_apply_delta('todo', 'alice', 'delete', 'never');
SELECT version, clock_value, outcome FROM synckit_apply_delta(document_id => 'todo', client_id => 'bob', operation_type => 'set', field_path => 'a.b', value => 'null');
TABLE doc;
TABLE log;

-- an empty document; the deletion of a document; its second life goes on where the first ended
SELECT version, outcome FROM synckit_apply_delta('empty', 'alice', 'merge', NULL, '{}');
SELECT version, outcome FROM synckit_apply_delta('todo', 'carol', 'delete', '');
TABLE doc;
SELECT id, version, clock FROM synckit.tombstones;
SELECT version, clock_value, outcome FROM synckit_apply_delta('todo', 'alice', 'set', 'title', '"again"');
TABLE doc;
SELECT count(*) FROM synckit.tombstones;
-- versions of a document are 1 to n
SELECT document_id, array_agg(version ORDER BY version) FROM synckit.deltas GROUP BY 1 ORDER BY 1;

-- deleting what never was, and a field of what never was: logged, superseded, no document
SELECT version, outcome, changed_fields FROM synckit_apply_delta('ghost', 'alice', 'delete', '');
SELECT version, outcome, changed_fields FROM synckit_apply_delta('ghost2', 'alice', 'delete', 'x');
SELECT id, version FROM synckit.tombstones ORDER BY id;
SELECT count(*) FROM synckit.documents WHERE id LIKE 'ghost%';

-- rule 1: identity
SELECT id, version, outcome FROM synckit_apply_delta('dup', 'a', 'set', 'x', '1', id => '00000000-0000-7000-8000-000000000001');
SELECT id, version, clock_value, field_path, outcome FROM synckit_apply_delta('dup', 'a', 'set', 'y', '2', id => '00000000-0000-7000-8000-000000000001');
SELECT state, version FROM synckit.documents WHERE id = 'dup';
SELECT * FROM synckit_apply_delta('other', 'a', 'set', 'x', '1', id => '00000000-0000-7000-8000-000000000001');
SELECT count(*) FROM synckit.documents WHERE id = 'other';
-- number and time make an id: a UUIDv8 that anybody can recompute
SELECT id, outcome FROM synckit_apply_delta('dup', 'a', 'set', 'x', '{"b":1,"a":2}', clock_value => 7, "timestamp" => '2026-01-01 00:00:00+00');
SELECT id, outcome FROM synckit_apply_delta('dup', 'a', 'set', 'x', '{"a": 2, "b": 1}', clock_value => 7, "timestamp" => '2026-01-01 00:00:00+00');
WITH parts AS (
    SELECT decode(string_agg(lpad(to_hex(octet_length(p)), 8, '0') || encode(convert_to(p, 'UTF8'), 'hex'), '' ORDER BY n), 'hex') AS bytes
    FROM unnest(ARRAY['dup', 'a', '7', 'set', 'x', '{"a": 2, "b": 1}']) WITH ORDINALITY t (p, n)),
bits AS (
    SELECT substr(('x' || encode(sha256(bytes), 'hex'))::bit(256)::text, 1, 74) AS h,
           lpad(to_hex((extract(epoch FROM timestamptz '2026-01-01 00:00:00+00') * 1000)::bigint), 12, '0') AS t FROM parts)
SELECT (t || '8' || lpad(to_hex(substr(h, 1, 12)::bit(12)::int), 3, '0') ||
        lpad(to_hex(('10' || substr(h, 13, 62))::bit(64)::bigint), 16, '0'))::uuid AS recomputed FROM bits;

-- rule 2: numbers rise with the versions
SELECT clock_value FROM synckit_apply_delta('num', 'a', 'set', 'x', '1', clock_value => 10);
SELECT clock_value FROM synckit_apply_delta('num', 'a', 'set', 'x', '2', clock_value => 5);
SELECT clock_value FROM synckit_apply_delta('num', 'a', 'set', 'x', '3', clock_value => 12);
SELECT clock_value FROM synckit_apply_delta('num', 'a', 'set', 'x', '4');
SELECT clock FROM synckit.documents WHERE id = 'num';

-- rule 3: what was seen is clipped; a client raises no entry but its own
SELECT outcome FROM synckit_apply_delta('num', 'b', 'set', 'x', '5', clock => '{"a": 9999, "z": 7, "b": 3}');
SELECT clock FROM synckit.deltas WHERE document_id = 'num' AND client_id = 'b';
SELECT clock FROM synckit.documents WHERE id = 'num';
SELECT outcome FROM synckit_apply_delta('num', 'c', 'set', 'y', '5', seen => 9000000000000000);
SELECT seen < 9000000000000000 AS clipped FROM synckit.deltas WHERE document_id = 'num' AND client_id = 'c';

-- rule 4: an old write loses; one that has seen what it overwrites wins however wrong its clock
SELECT version, outcome FROM synckit_apply_delta('lww', 'a', 'set', 'x', '"new"', "timestamp" => '2026-06-01');
SELECT version, outcome, changed_fields FROM synckit_apply_delta('lww', 'b', 'set', 'x', '"old"', "timestamp" => '2025-06-01');
SELECT version, outcome, changed_fields FROM synckit_apply_delta('lww', 'b', 'merge', '', '{"x": "old", "y": 1}', "timestamp" => '2025-06-01');
SELECT version, outcome FROM synckit_apply_delta('lww', 'c', 'set', 'x', '"seen"', "timestamp" => '1999-06-01', clock => '{"a": 1}');
SELECT state FROM synckit.documents WHERE id = 'lww';
SELECT lamport AS shown FROM synckit.documents WHERE id = 'lww' \gset
SELECT outcome FROM synckit_apply_delta('lww', 'd', 'set', 'x', '"shown"', "timestamp" => '1970-01-01', seen => :shown);
-- the same client with its own number has seen what it wrote
SELECT outcome FROM synckit_apply_delta('lww', 'd', 'set', 'x', '"mine"', "timestamp" => '1969-01-01', clock_value => 2);
-- the future counts as now
SELECT outcome FROM synckit_apply_delta('lww', 'e', 'set', 'x', '"future"', "timestamp" => '2999-01-01');
SELECT outcome FROM synckit_apply_delta('lww', 'f', 'set', 'x', '"plain"');
SELECT state, lamport < (extract(epoch FROM clock_timestamp() + interval '1 minute') * 1000 * 1024)::bigint AS near
FROM synckit.documents WHERE id = 'lww';

-- deletion against writes: a write that is older than the deletion stays dead, one that is later survives it
SELECT outcome FROM synckit_apply_delta('del', 'a', 'set', 'x', '1', "timestamp" => '2026-01-01');
SELECT outcome FROM synckit_apply_delta('del', 'a', 'set', 'y', '2', "timestamp" => '2026-03-01');
SELECT outcome, changed_fields FROM synckit_apply_delta('del', 'b', 'delete', '', "timestamp" => '2026-02-01');
SELECT state FROM synckit.documents WHERE id = 'del';
SELECT outcome, changed_fields FROM synckit_apply_delta('del', 'c', 'set', 'x', '3', "timestamp" => '2026-01-15');
SELECT outcome, changed_fields FROM synckit_apply_delta('del', 'b', 'delete', '', "timestamp" => '2026-04-01');
SELECT outcome, changed_fields FROM synckit_apply_delta('del', 'c', 'set', 'x', '4', "timestamp" => '2026-03-15');
SELECT count(*) FROM synckit.documents WHERE id = 'del';

-- stamped deltas: taken as they are, from those who may
SELECT outcome FROM synckit_apply_delta('st', 'a', 'set', 'x', '"b"', stamp => 1024000, clock_value => 1);
SELECT outcome FROM synckit_apply_delta('st', 'a', 'set', 'x', '"a"', stamp => 1024000, clock_value => 2);
SELECT outcome FROM synckit_apply_delta('st', 'a', 'set', 'x', '"c"', stamp => 1024000, clock_value => 3);
SELECT state, registers FROM synckit.documents WHERE id = 'st';

-- lamport rises with every delta and lies above every stamp
SELECT bool_and(rises), bool_and(above) FROM (
    SELECT lamport > lag(lamport, 1, 0::bigint) OVER (PARTITION BY document_id ORDER BY version) AS rises, lamport > stamp AS above
    FROM synckit.deltas) s;

-- server_id: as brought, else the setting
SELECT outcome FROM synckit_apply_delta('srv', 'a', 'set', 'x', '1', server_id => 'one');
SET synckit.server_id = 'two';
SELECT outcome FROM synckit_apply_delta('srv', 'a', 'set', 'x', '2');
RESET synckit.server_id;
SELECT outcome FROM synckit_apply_delta('srv', 'a', 'set', 'x', '3');
SELECT server_id FROM synckit.deltas WHERE document_id = 'srv' ORDER BY version;

-- in one transaction with what the application does; a rollback leaves nothing
BEGIN;
SELECT version FROM synckit_apply_delta('tx', 'a', 'set', 'x', '1');
SAVEPOINT s;
SELECT version FROM synckit_apply_delta('tx', 'a', 'set', 'x', '2');
ROLLBACK TO s;
SELECT version FROM synckit_apply_delta('tx', 'a', 'set', 'x', '3');
COMMIT;
SELECT state, version FROM synckit.documents WHERE id = 'tx';
BEGIN;
SELECT version FROM synckit_apply_delta('tx', 'a', 'delete', '');
SELECT version FROM synckit_apply_delta('tx', 'a', 'set', 'x', '5');
ROLLBACK;
SELECT state, version FROM synckit.documents WHERE id = 'tx';
SELECT count(*) FROM synckit.deltas WHERE document_id = 'tx';

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
