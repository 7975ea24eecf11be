-- Plain INSERT, UPDATE and DELETE on synckit.documents: what each becomes as deltas.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
-- what the log says of a document, and whether the log and the row agree with each other
CREATE FUNCTION log_of(document text) RETURNS TABLE (version bigint, client text, number bigint, operation text,
    field text,
    value jsonb, outcome text, changed text[], rises boolean) LANGUAGE sql AS $$
    SELECT version, client_id, clock_value, operation_type, field_path, value, outcome, changed_fields,
           seq > lag(seq, 1, 0) OVER w AND stamp > lag(stamp, 1, 0) OVER w AND lamport > stamp
    FROM synckit.deltas WHERE document_id = document WINDOW w AS (ORDER BY version) ORDER BY version
$$;
\getenv abs_srcdir PG_ABS_SRCDIR
\set disagreements :abs_srcdir '/test/sql/disagreements.sql'
\i :disagreements

-- an INSERT is a merge of all the fields; what the merge decides cannot be brought
INSERT INTO synckit.documents (id, state) VALUES ('d', '{"a": 1, "b": [1, 2]}')
RETURNING id, state, version, clock, created_at = updated_at AS new;
INSERT INTO synckit.documents (id, state, version, lamport, created_at, updated_at, clock)
VALUES ('e', '{}', 77, 5, '2001-01-01', '2002-02-02', '{"importer": 9}')
RETURNING version, lamport > 5 AS lamport, created_at = '2001-01-01' AS created, updated_at > '2020-01-01' AS updated,
    clock;
SELECT * FROM log_of('d');
SELECT * FROM log_of('e');
SELECT timestamp = updated_at AS timestamp, l.clock, seen, xid = pg_current_xact_id() AS xid, server_id
FROM synckit.deltas l JOIN synckit.documents d ON d.id = document_id WHERE document_id = 'd';

-- an UPDATE is one merge of the fields that changed, then a delete for each that is missing, in byte order
UPDATE synckit.documents SET state = '{"b": [1, 3], "Z": 1, "é": 2, "long": 3, "y": null}' WHERE id = 'd'
    RETURNING state, version, clock;
UPDATE synckit.documents SET state = '{"y": null}' WHERE id = 'd' RETURNING version;
SELECT * FROM log_of('d');
-- no field changed: no delta, and updated_at is the last delta's
UPDATE synckit.documents SET state = '{"y": null}', updated_at = '2001-01-01' WHERE id = 'd'
    RETURNING version, updated_at > '2020-01-01' AS kept;
UPDATE synckit.documents SET state = state WHERE id = 'd' RETURNING version;
-- equal numbers with another scale are another text
UPDATE synckit.documents SET state = '{"y": 1.0, "z": {"n": [1.0]}}' WHERE id = 'd' RETURNING version;
UPDATE synckit.documents SET state = '{"y": 1.00, "z": {"n": [1.0]}}' WHERE id = 'd' RETURNING state, version;
UPDATE synckit.documents SET state = '{"y": 1.00, "z": {"n": [1]}}' WHERE id = 'd' RETURNING state, version;
UPDATE synckit.documents SET state = '{"z": {"n": [1]}, "y": 1.00}' WHERE id = 'd' RETURNING state, version;
-- fields to none, and the document stays
UPDATE synckit.documents SET state = '{}' WHERE id = 'd' RETURNING state, version;
SELECT version, operation, field, value, rises FROM log_of('d') WHERE version > 7;

-- under a client id of the session's
SET synckit.client_id = 'me';
SET synckit.server_id = 'here';
UPDATE synckit.documents SET state = '{"a": 2}' WHERE id = 'd' RETURNING version, clock;
SELECT client_id, server_id FROM synckit.deltas WHERE document_id = 'd' ORDER BY version DESC LIMIT 1;
SET synckit.client_id = '';
UPDATE synckit.documents SET state = '{"a": 3}' WHERE id = 'd';
RESET synckit.client_id;
RESET synckit.server_id;
-- the setting may change before the statement has logged what it wrote
UPDATE synckit.documents SET state = '{"a": 4}' WHERE id = 'd'
    RETURNING version, set_config('synckit.client_id', 'a longer name than it was', false) <> '' AS changed;
RESET synckit.client_id;
SELECT client FROM log_of('d') ORDER BY version DESC LIMIT 1;

-- what cannot be written
UPDATE synckit.documents SET state = NULL WHERE id = 'd';
UPDATE synckit.documents SET state = '[1]' WHERE id = 'd';
UPDATE synckit.documents SET state = '1' WHERE id = 'd';
INSERT INTO synckit.documents (id) VALUES ('bad');
INSERT INTO synckit.documents (id, state) VALUES ('bad', 'null');
INSERT INTO synckit.documents (id, state) VALUES (NULL, '{}');
INSERT INTO synckit.documents (id, state) VALUES ('', '{}');
INSERT INTO synckit.documents (id, state) VALUES ('bad', '{"": 1}');
UPDATE synckit.documents SET state = jsonb_build_object(repeat('x', 501), 1) WHERE id = 'd';
UPDATE synckit.documents SET id = 'other' WHERE id = 'd';
UPDATE synckit.documents SET version = version + 1 WHERE id = 'd';
UPDATE synckit.documents SET version = NULL WHERE id = 'd';
UPDATE synckit.documents SET lamport = lamport + 1, state = '{}' WHERE id = 'd';
UPDATE synckit.documents SET registers = '{}' WHERE id = 'd';
-- the same values are no change
UPDATE synckit.documents SET id = id, version = version, lamport = lamport, registers = registers, clock = clock
    WHERE id = 'd' RETURNING version;

-- the clock may be raised, which is no delta; its client's numbers go on from there
UPDATE synckit.documents SET clock = '{"me": 2, "sql": 20, "x": 3}' WHERE id = 'd' RETURNING version, clock;
UPDATE synckit.documents SET clock = '{"me": 2, "sql": 19, "x": 4}' WHERE id = 'd';
UPDATE synckit.documents SET clock = '{}' WHERE id = 'd';
UPDATE synckit.documents SET clock = NULL WHERE id = 'd';
\set VERBOSITY sqlstate
UPDATE synckit.documents SET clock = clock | '{"x": 9223372036854775807}' WHERE id = 'd';
INSERT INTO synckit.documents (id, state, clock) VALUES ('bad', '{}', '{"x": 9223372036854775807}');
\set VERBOSITY default
UPDATE synckit.documents SET state = '{"a": 5}', clock = clock | '{"y": 1}' WHERE id = 'd' RETURNING version, clock;
SELECT version, number FROM log_of('d') ORDER BY version DESC LIMIT 1;

-- many rows in one statement
INSERT INTO synckit.documents (id, state) SELECT 'm' || g, jsonb_build_object('n', g) FROM generate_series(1, 5) g;
UPDATE synckit.documents SET state = state || '{"t": true}' WHERE id LIKE 'm%' AND id <> 'm3';
UPDATE synckit.documents SET state = state - 't' WHERE id LIKE 'm%';
SELECT id, state, version FROM synckit.documents WHERE id LIKE 'm%' ORDER BY id;
COPY synckit.documents (id, state) FROM stdin;
c1	{"n": 1}
c2	{"n": 2}
\.
COPY synckit.documents (id, state) FROM stdin WHERE id <> 'c4';
c3	{"n": 3}
c4	{"n": 4}
\.
SELECT id, state, version FROM synckit.documents WHERE id LIKE 'c%' ORDER BY id;

-- a DELETE leaves what the document goes on from
DELETE FROM synckit.documents WHERE id IN ('d', 'm1') RETURNING id, version;
SELECT t.id, t.version, t.clock, t.lamport = l.lamport AS lamport, deleted_at = timestamp AS deleted
FROM synckit.tombstones t JOIN synckit.deltas l ON document_id = t.id AND l.version = t.version ORDER BY id;
SELECT * FROM log_of('d') ORDER BY version DESC LIMIT 1;
DELETE FROM synckit.documents WHERE id = 'd';
INSERT INTO synckit.documents (id, state) VALUES ('d', '{"again": 1}') RETURNING state, version, clock;
SELECT count(*) FROM synckit.tombstones WHERE id = 'd';
-- what was written before the deletion does not come back
SELECT outcome FROM synckit_apply_delta('d', 'late', 'set', 'a', '1', "timestamp" => '2001-01-01');
SELECT state, version FROM synckit.documents WHERE id = 'd';

-- an index, a column and a generated column of the user's
ALTER TABLE synckit.documents ADD COLUMN owner text DEFAULT current_user,
    ADD COLUMN title text GENERATED ALWAYS AS (state ->> 'title') STORED;
CREATE UNIQUE INDEX documents_title ON synckit.documents (title);
UPDATE synckit.documents SET owner = 'bob' WHERE id = 'd' RETURNING owner, version;
UPDATE synckit.documents SET state = state || '{"title": "T"}' WHERE id = 'd' RETURNING owner, title, version;
INSERT INTO synckit.documents (id, state, owner) VALUES ('u', '{"title": "U"}', 'eve') RETURNING owner, title, version;
UPDATE synckit.documents SET state = state || '{"title": "T"}' WHERE id = 'u';
SELECT version, outcome FROM synckit_apply_delta('u', 'a', 'set', 'title', '"V"');
SELECT owner, title, version FROM synckit.documents WHERE id = 'u';

SELECT * FROM disagreements;
SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION log_of;
