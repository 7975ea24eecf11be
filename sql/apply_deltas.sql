-- synckit_apply_deltas(): many in one call; a bad one is reported in its row and does not take the others with it.
SELECT synckit_migrate();
\pset null NULL
SELECT ordinality, document_id, version, clock_value, field_path, outcome, changed_fields, error_code, error_message
FROM synckit_apply_deltas('[
    {"documentId": "b", "clientId": "alice", "operationType": "set", "fieldPath": "x", "value": 1},
    {"documentId": "a", "clientId": "alice", "operationType": "merge", "value": {"y": 1, "z": [1, {"k": null}]}},
    {"documentId": "b", "clientId": "bob", "operationType": "set", "fieldPath": "x", "value": 2, "unknown": true},
    {"documentId": "b", "clientId": "bob", "operationType": "move", "fieldPath": "x", "value": 2},
    {"documentId": "b", "clientId": "bob", "operationType": "set", "fieldPath": "x"},
    {"documentId": "b", "clientId": "bob", "operationType": "set", "fieldPath": "n", "value": null},
    {"documentId": "b", "clientId": "bob", "operationType": "delete", "fieldPath": "x"}]');
SELECT id, state, version, clock FROM synckit.documents ORDER BY id;
-- a document is written once however many deltas it gets
SELECT count(*) FROM synckit.deltas;
SELECT ordinality FROM synckit_apply_deltas('[]');

-- every kind of bad delta, each beside a good one
SELECT ordinality, document_id, outcome, error_code, regexp_replace(error_message, '\d{13,}$|\d{13}(?= ms)|\d{13,}(?=\.$)', 'N') AS error_message FROM synckit_apply_deltas('[
    {},
    {"documentId": "good", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0},
    {"documentId": "", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0},
    {"documentId": 5, "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0},
    {"documentId": "bad", "clientId": "", "operationType": "set", "fieldPath": "x", "value": 0},
    {"documentId": "bad", "operationType": "set", "fieldPath": "x", "value": 0},
    {"documentId": "bad", "clientId": "a", "fieldPath": "x", "value": 0},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "value": 0},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "", "value": 0},
    {"documentId": "bad", "clientId": "a", "operationType": "delete"},
    {"documentId": "bad", "clientId": "a", "operationType": "delete", "fieldPath": "x", "value": 1},
    {"documentId": "bad", "clientId": "a", "operationType": "merge", "value": 1},
    {"documentId": "bad", "clientId": "a", "operationType": "merge", "value": [1]},
    {"documentId": "bad", "clientId": "a", "operationType": "merge", "fieldPath": "x", "value": {}},
    {"documentId": "bad", "clientId": "a", "operationType": "merge", "value": {"": 1}},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clockValue": 0},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clockValue": -1},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clockValue": 1.5},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clockValue": "1"},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clockValue": 9223372036854775807},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clockValue": 9223372036854775808},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "timestamp": 1e300},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "timestamp": "now"},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "seen": -1},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clock": []},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "clock": {"a": -1}},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "id": "no uuid"},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "stamp": 0},
    {"documentId": "bad", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 0, "stamp": 9000000000000000}]');
SELECT id, state, version FROM synckit.documents WHERE id IN ('good', 'bad') ORDER BY id;
SELECT count(*) FROM synckit.tombstones;
SELECT error_code, error_message FROM synckit_apply_deltas(jsonb_build_array(
    jsonb_build_object('documentId', repeat('d', 256), 'clientId', 'a', 'operationType', 'set', 'fieldPath', 'x', 'value', 1),
    jsonb_build_object('documentId', repeat('é', 255), 'clientId', 'a', 'operationType', 'set', 'fieldPath', 'x', 'value', 1),
    jsonb_build_object('documentId', 'd', 'clientId', repeat('c', 256), 'operationType', 'set', 'fieldPath', 'x', 'value', 1),
    jsonb_build_object('documentId', 'd', 'clientId', 'a', 'operationType', 'set', 'fieldPath', repeat('f', 501), 'value', 1),
    jsonb_build_object('documentId', 'd', 'clientId', 'a', 'operationType', 'set', 'fieldPath', repeat('é', 500), 'value', 1)));

-- what is no array of objects ends the call
SELECT * FROM synckit_apply_deltas('{}');
SELECT * FROM synckit_apply_deltas('1');
SELECT * FROM synckit_apply_deltas('[1]');
SELECT * FROM synckit_apply_deltas('[[]]');

-- identity within a call, in input order
SELECT ordinality, document_id, version, field_path, outcome, changed_fields, error_code FROM synckit_apply_deltas('[
    {"documentId": "p", "clientId": "a", "operationType": "bad", "fieldPath": "x", "value": 1, "id": "00000000-0000-7000-8000-00000000000a"},
    {"documentId": "q", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1, "id": "00000000-0000-7000-8000-00000000000a"},
    {"documentId": "q", "clientId": "a", "operationType": "set", "fieldPath": "y", "value": 2, "id": "00000000-0000-7000-8000-00000000000A"},
    {"documentId": "p", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 3, "id": "00000000-0000-7000-8000-00000000000a"}]');
SELECT id, state FROM synckit.documents WHERE id IN ('p', 'q');
-- and against the log, documents that are gone among them
SELECT ordinality, version, outcome, error_code FROM synckit_apply_deltas('[
    {"documentId": "q", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1, "id": "00000000-0000-7000-8000-00000000000a"},
    {"documentId": "q", "clientId": "a", "operationType": "delete", "fieldPath": "", "id": "00000000-0000-7000-8000-00000000000b"}]');
SELECT ordinality, version, outcome, error_code FROM synckit_apply_deltas('[
    {"documentId": "q", "clientId": "a", "operationType": "delete", "fieldPath": "", "id": "00000000-0000-7000-8000-00000000000b"},
    {"documentId": "r", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1, "id": "00000000-0000-7000-8000-00000000000b"}]');
SELECT id, version FROM synckit.tombstones;

-- born, deleted and born again in one call
SELECT ordinality, version, outcome, changed_fields FROM synckit_apply_deltas('[
    {"documentId": "life", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1},
    {"documentId": "life", "clientId": "a", "operationType": "delete", "fieldPath": ""},
    {"documentId": "life", "clientId": "a", "operationType": "set", "fieldPath": "y", "value": 2},
    {"documentId": "gone", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1},
    {"documentId": "gone", "clientId": "a", "operationType": "delete", "fieldPath": ""}]');
SELECT id, state, version FROM synckit.documents WHERE id IN ('life', 'gone');
SELECT id, version FROM synckit.tombstones ORDER BY id;
-- a deleted document whose new deltas are all refused stays as it was
SELECT version AS before FROM synckit.tombstones WHERE id = 'gone' \gset
SELECT error_code FROM synckit_apply_deltas('[{"documentId": "gone", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1, "clockValue": 9223372036854775807}]');
SELECT version = :before AS unchanged FROM synckit.tombstones WHERE id = 'gone';

-- a value that is too large is refused by its row, a document that becomes too large ends the call
SET synckit.max_value_bytes = '1kB';
SELECT error_code, error_message FROM synckit_apply_deltas(jsonb_build_array(jsonb_build_object(
    'documentId', 'big', 'clientId', 'a', 'operationType', 'set', 'fieldPath', 'x', 'value', repeat('v', 2000))));
SELECT * FROM synckit_apply_delta('big', 'a', 'set', 'x', to_jsonb(repeat('v', 2000)));
RESET synckit.max_value_bytes;

-- many
SELECT count(*), count(DISTINCT version), count(error_code) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'many', 'clientId', 'c' || i % 7, 'operationType', 'set',
                                        'fieldPath', 'f' || i % 500, 'value', i)) FROM generate_series(1, 5000) i));
SELECT version, (SELECT count(*) FROM jsonb_object_keys(state)) AS fields, state -> 'f499', clock FROM synckit.documents WHERE id = 'many';
SELECT count(*), min(version), max(version) FROM synckit.deltas WHERE document_id = 'many';

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
