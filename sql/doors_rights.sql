-- Who may what through the doors: restored rows, stamps, replicas, row-level security, roles with just what they need.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
CREATE ROLE regress_synckit_writer;
CREATE ROLE regress_synckit_reader;
GRANT USAGE ON SCHEMA synckit TO regress_synckit_writer, regress_synckit_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA synckit TO regress_synckit_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON synckit.documents, synckit.tombstones TO regress_synckit_writer;
GRANT SELECT, INSERT ON synckit.deltas TO regress_synckit_writer;
CREATE FUNCTION uuid(i int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid $$;
GRANT EXECUTE ON FUNCTION uuid TO regress_synckit_writer;

-- restored rows: the owner brings what has been merged, and it is stored as it is
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
VALUES ('r', '{"x": 1}', 7, '{"a": 7}', 1000, '{"alive": [900, "a", 7], "fields": [["00000000", 900, "a", 7]]}',
    '2001-01-01', '2002-02-02')
RETURNING version, clock, lamport, created_at = '2001-01-01' AND updated_at = '2002-02-02' AS times;
INSERT INTO synckit.tombstones (id, version, clock, lamport, registers, deleted_at)
    VALUES ('t', 5, '{"a": 5}', 1000, '{"dead": [900, "a", 5]}', '2001-01-01');
INSERT INTO synckit.deltas (id, document_id, client_id, operation_type, field_path, value, clock_value, "timestamp",
    stamp, lamport, version, outcome, seq, xid)
VALUES (uuid(1), 'r', 'a', 'set', 'x', '1', 7, '2002-02-02', 900, 1000, 7, 'applied', 1, '3'),
       (uuid(2), 'elsewhere', 'a', 'set', 'x', '1', 7, '2002-02-02', 900, 1000, 7, 'superseded', 2, NULL)
RETURNING document_id, version, stamp, lamport, outcome, seq, xid;
SELECT id, state, version, clock FROM synckit.documents ORDER BY id;
-- restored and new in one statement; half a restored row is a new one, of which a stamp is kept
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, clock_value, "timestamp", stamp,
    lamport, version, outcome, seq)
VALUES ('r', 'a', 'set', 'y', '2', 8, '2002-02-02', 901, 1100, 8, 'applied', 3), ('r', 'b', 'set', 'z', '3', NULL, NULL,
    NULL, NULL, NULL, NULL, NULL),
       ('r', 'c', 'set', 'z', '3', NULL, NULL, 902, 5, NULL, 'none', 9)
RETURNING client_id, version, stamp BETWEEN 901 AND 902 AS brought, outcome, xid IS NULL AS foreign_row;
SELECT state, version FROM synckit.documents WHERE id = 'r';
-- without registers a document is no restored row, whatever else it brings
INSERT INTO synckit.documents (id, state, version, lamport) VALUES ('t', '{"x": 1}', 77, 7)
    RETURNING version, clock, lamport > 1000 AS lamport;
SELECT count(*) FROM synckit.tombstones;

-- an ordinary role with all grants brings them in vain
SET ROLE regress_synckit_writer;
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
VALUES ('w', '{"x": 1}', 7, '{"a": 7}', 1000, '{"alive": [900, "a", 7]}', '2001-01-01', '2002-02-02')
RETURNING version, clock, lamport > 1000 AS lamport, created_at = '2001-01-01' AS created,
    updated_at > '2020-01-01' AS updated;
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, stamp, lamport, version, outcome,
    changed_fields, seq, xid)
VALUES ('w', 'a', 'set', 'x', '2', 9007199254740000, 7, 77, 'nonsense', '{q}', 77, '3')
RETURNING version, stamp < 9007199254740000 AS stamp, lamport > 7 AS lamport, outcome, changed_fields, seq <> 77 AS seq,
    xid = pg_current_xact_id() AS xid;
UPDATE synckit.documents SET registers = '{}' WHERE id = 'w';
INSERT INTO synckit.tombstones (id, version, clock, lamport, registers, deleted_at)
    VALUES ('q', 5, '{"a": 5}', 1000, '{}', '2001-01-01');
-- it needs no right on the sequence, and none to change the log
DELETE FROM synckit.deltas;
UPDATE synckit.documents SET state = '{}' WHERE id = 'w' RETURNING version;
DELETE FROM synckit.documents WHERE id = 'w';
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('w', 'set', 'x', '3')
    RETURNING version;
SELECT version FROM synckit_save_document('w', '{"x": 4}');
SELECT synckit_delete_document('w');
-- a reader reads
SET ROLE regress_synckit_reader;
INSERT INTO synckit.documents (id, state) VALUES ('x', '{}');
UPDATE synckit.documents SET state = '{}';
DELETE FROM synckit.documents;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('w', 'set', 'x', '3');
SELECT synckit_delete_document('r');
RESET ROLE;
-- every table that a write comes to is needed
REVOKE INSERT ON synckit.deltas FROM regress_synckit_writer;
REVOKE INSERT ON synckit.tombstones FROM regress_synckit_writer;
SET ROLE regress_synckit_writer;
INSERT INTO synckit.documents (id, state) VALUES ('x', '{}');
UPDATE synckit.documents SET state = '{}' WHERE id = 'r';
DELETE FROM synckit.documents WHERE id = 'r';
RESET ROLE;
GRANT INSERT ON synckit.tombstones TO regress_synckit_writer;
GRANT INSERT ON synckit.deltas TO regress_synckit_writer;
SELECT document_id, version, client_id FROM synckit.deltas WHERE xid IS NOT NULL ORDER BY seq;

-- as a replica: stored as it comes, neither merged nor logged; the functions do as always
SET session_replication_role = replica;
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at)
VALUES ('rep', '{"x": 1}', 3, '{}', 10, '{}', now(), now());
UPDATE synckit.documents SET state = '{"x": 2}', version = 4 WHERE id = 'rep' RETURNING version;
INSERT INTO synckit.deltas (id, document_id, client_id, operation_type, field_path, value, clock_value, "timestamp",
    stamp, lamport, version, outcome, seq, xid)
VALUES (uuid(3), 'rep', 'a', 'set', 'x', '2', 1, now(), 1, 10, 4, 'applied', 1, pg_current_xact_id())
    RETURNING version, xid;
UPDATE synckit.deltas SET server_id = 'x' WHERE document_id = 'rep';
SELECT version FROM synckit_apply_delta('rep', 'f', 'set', 'y', '1');
SELECT version FROM synckit_save_document('rep', '{"z": 1}');
SELECT version, xid IS NULL AS foreign_row FROM synckit.deltas WHERE document_id = 'rep' ORDER BY version;
SELECT synckit_delete_document('rep');
UPDATE synckit.tombstones SET version = 9 WHERE id = 'rep';
DELETE FROM synckit.tombstones WHERE id = 'rep';
DELETE FROM synckit.documents WHERE id = 't';
BEGIN;
TRUNCATE synckit.documents, synckit.tombstones;
ROLLBACK;
RESET session_replication_role;
SELECT id FROM synckit.documents UNION ALL SELECT id FROM synckit.tombstones ORDER BY id;

-- row-level security: what may not be seen or written is 42501, with nothing half done
ALTER TABLE synckit.documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON synckit.documents TO regress_synckit_writer USING (id LIKE 'w%');
INSERT INTO synckit.documents (id, state) VALUES ('hidden', '{}');
SET ROLE regress_synckit_writer;
INSERT INTO synckit.documents (id, state) VALUES ('w1', '{"x": 1}') RETURNING version;
INSERT INTO synckit.documents (id, state) VALUES ('other', '{}');
INSERT INTO synckit.documents (id, state) VALUES ('hidden', '{}') ON CONFLICT (id) DO UPDATE SET state = '{"x": 1}';
UPDATE synckit.documents SET state = '{"x": 2}' RETURNING id, version;
DELETE FROM synckit.documents WHERE id = 'hidden';
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('w1', 'set', 'x', '3'), ('hidden', 'set', 'x', '3');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('w1', 'set', 'x', '3'), ('born', 'set', 'x', '3');
SELECT version FROM synckit_save_document('hidden', '{}');
SELECT version FROM synckit_save_document('hidden', '{}', 1);
SELECT version FROM synckit_update_document('hidden', '{}');
SELECT synckit_delete_document('hidden');
SELECT synckit_merge_clock('hidden', '{"x": 1}');
RESET ROLE;
-- on the log: the row may not be inserted, or the one with its id not be seen
ALTER TABLE synckit.deltas ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON synckit.deltas FOR SELECT TO regress_synckit_writer USING (document_id LIKE 'w%');
CREATE POLICY i ON synckit.deltas FOR INSERT TO regress_synckit_writer WITH CHECK (field_path <> 'forbidden');
SET ROLE regress_synckit_writer;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('w1', 'set', 'x', '3'), ('w1', 'set', 'forbidden', '3');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('w1', 'set', 'forbidden', '3')
    ON CONFLICT DO NOTHING;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'w1', 'set', 'x', '3');
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'w1', 'set', 'x', '3')
    ON CONFLICT DO NOTHING;
UPDATE synckit.documents SET state = '{"forbidden": 1}' WHERE id = 'w1' RETURNING version;
UPDATE synckit.documents SET state = '{}' WHERE id = 'w1';
RESET ROLE;
ALTER TABLE synckit.deltas DISABLE ROW LEVEL SECURITY;
-- on the tombstones: one that is not seen must not let versions start again
ALTER TABLE synckit.tombstones ENABLE ROW LEVEL SECURITY;
CREATE POLICY i ON synckit.tombstones FOR INSERT TO regress_synckit_writer WITH CHECK (id <> 'w1');
SET ROLE regress_synckit_writer;
DELETE FROM synckit.documents WHERE id = 'w1';
INSERT INTO synckit.documents (id, state) VALUES ('w', '{}');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('w', 'set', 'x', '3');
RESET ROLE;
SELECT id, state, version FROM synckit.documents ORDER BY id;
SELECT id, version FROM synckit.tombstones ORDER BY id;
SELECT document_id, count(*), max(version)
    FROM synckit.deltas WHERE document_id IN ('w', 'w1', 'hidden', 'other', 'born') GROUP BY 1 ORDER BY 1;

DROP OWNED BY regress_synckit_writer, regress_synckit_reader;
DROP ROLE regress_synckit_writer, regress_synckit_reader;
SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION uuid;
