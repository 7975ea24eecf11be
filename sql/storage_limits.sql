-- Values at the ends of what Postgres, JSON and clocks can hold: whatever is accepted can be read, dumped and written again.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never

-- numbers that are short as jsonb and very long as text
SELECT synckit_apply_delta('bomb', 'c', 'set', 'k', '1e131071');
SELECT synckit_apply_delta('bomb', 'c', 'merge', '', ('{"a": [1, {"b": [' || repeat('1e5000, ', 3000) || '1]}]}')::jsonb);
SELECT outcome, error_code, error_message FROM synckit_apply_deltas(('[
    {"documentId": "a", "clientId": "c", "operationType": "set", "fieldPath": "x", "value": 1},
    {"documentId": "a", "clientId": "c", "operationType": "set", "fieldPath": "x", "value": [' || repeat('1e131071, ', 9000) || '1]},
    {"documentId": "a", "clientId": "c", "operationType": "set", "fieldPath": "y", "value": 2, "clock": {"a": [' || repeat('1e131071, ', 9000) || '1]}},
    {"documentId": "a", "clientId": "c", "operationType": "set", "fieldPath": "z", "value": 3, "stamp": 1}]')::jsonb);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bomb', 'set', 'x', '1e-10000');
INSERT INTO synckit.documents (id, state) VALUES ('bomb', '{"x": 1e9999}');
UPDATE synckit.documents SET state = '{"x": [[1e9999]]}' WHERE id = 'a';
SELECT id, state FROM synckit.documents;
-- long ones that are long by themselves
SELECT outcome FROM synckit_apply_delta('long', 'c', 'set', 'digits', repeat('123456789', 1000)::jsonb);
SELECT outcome FROM synckit_apply_delta('long', 'c', 'merge', '', '{"a": 1e308, "b": 1e-308, "c": 0.000001, "d": -1e300}');
SELECT length(state::text) FROM synckit.documents WHERE id = 'long';

-- Postgres's calendar goes on after 64 bits of microseconds since 1970 have ended: no clock counts for more than now
SELECT outcome FROM synckit_apply_delta('time', 'a', 'set', 'f', '1');
SELECT outcome FROM synckit_apply_delta('time', 'b', 'set', 'f', '2', "timestamp" => '294247-01-10 04:00:54.775807+00');
SELECT outcome FROM synckit_apply_delta('time', 'c', 'set', 'f', '3', "timestamp" => '294247-01-10 04:00:54.775808+00');
SELECT left(id::text, 15), outcome FROM synckit_apply_delta('time', 'd', 'set', 'f', '4', 1, "timestamp" => '294276-12-31 23:59:59.999999+00');
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, "timestamp")
    VALUES ('time', 'e', 'set', 'f', '5', '294276-12-31') RETURNING outcome, stamp > 1 AS is_now;
SELECT state, version FROM synckit.documents WHERE id = 'time';

-- restored rows are believed, but not what nobody could go on from
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('restored', '{"a": 1}', 5, '{}', 9223372036854775807, '{}', now(), now());
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('restored', '{"a": 1}', 9223372036854775807, '{}', 1024, '{}', now(), now());
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('restored', '{"a": 1}', 0, '{}', 1024, '{}', now(), now());
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('restored', '{"a": 1}', 1, '{}', -1, '{}', now(), now());
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('restored', '5', 1, '{}', 1024, '{}', now(), now());
INSERT INTO synckit.tombstones VALUES ('restored', 9223372036854775807, '{}', 1024, '{}', now());
-- the last of all
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('last', '{"a": 1}', 9007199254740990, '{}', 1024, '{}', now(), now());
SELECT version FROM synckit_apply_delta('last', 'c', 'set', 'a', '2');
SELECT version FROM synckit_apply_delta('last', 'c', 'set', 'a', '3');
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('late', '{"a": 1}', 1, '{}', 9007199254740991, '{}', now(), now());
SELECT version FROM synckit_apply_delta('late', 'c', 'set', 'a', '2');
SELECT id, state, version, lamport > 0 AS good FROM synckit.documents WHERE id IN ('last', 'late', 'restored') ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
