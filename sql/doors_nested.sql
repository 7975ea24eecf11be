-- Both doors of the tables and the functions, one within the other: by triggers of the user's, within one statement,
-- within exception blocks. Whatever is not an error is logged in order; an error undoes its statement.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set log :abs_srcdir '/test/sql/log.sql'
\i :log
\set disagreements :abs_srcdir '/test/sql/disagreements.sql'
\i :disagreements
\set nest :abs_srcdir '/test/sql/nest.sql'
\i :nest
-- a delta through the door, for use in expressions
CREATE FUNCTION put(document text, field text, v int) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value)
        VALUES (document, 'put', 'set', field, to_jsonb(v)) RETURNING version
$$;
CREATE FUNCTION try_put(document text, field text, v int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM put(document, field, v);
    IF v < 0 THEN
        RAISE EXCEPTION 'undo';
    END IF;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT put('a', 'x', 1), put('b', 'x', 1), put('c', 'x', 1);

-- a trigger on deltas that inserts deltas: BEFORE, for another document and for the same
CREATE TRIGGER nest BEFORE INSERT ON synckit.deltas FOR EACH ROW
    EXECUTE FUNCTION nest('SELECT put(''audit'', $1.document_id, 1)');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '2'), ('b', 'set', 'x', '2'), ('a', 'set', 'x', '3') RETURNING version;
DROP TRIGGER nest ON synckit.deltas;
CREATE TRIGGER nest BEFORE INSERT ON synckit.deltas FOR EACH ROW
    EXECUTE FUNCTION nest('SELECT put($1.document_id, ''y'', 1)');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '4'), ('b', 'set', 'x', '4') RETURNING version;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '5'), ('b', 'set', 'x', '5'), ('a', 'set', 'x', '6') RETURNING version;
-- caught within: the outer row goes on
DROP TRIGGER nest ON synckit.deltas;
CREATE TRIGGER nest BEFORE INSERT ON synckit.deltas FOR EACH ROW
    EXECUTE FUNCTION nest('SELECT try_put($1.document_id, ''y'', 2), try_put(''undone'', ''y'', -2)');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '7'), ('b', 'set', 'x', '7'), ('a', 'set', 'x', '8') RETURNING version;
DROP TRIGGER nest ON synckit.deltas;
SELECT * FROM log WHERE version > 1;
SELECT * FROM disagreements;
-- AFTER: all documents are written by then, and may be written again
CREATE TRIGGER nest AFTER INSERT ON synckit.deltas FOR EACH ROW
    EXECUTE FUNCTION nest('SELECT put($1.document_id, ''after'', $1.version::int), try_put($1.document_id, ''after'', -1), synckit_apply_delta(''b'', ''f'', ''set'', ''f'', ''1'')');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '9'), ('b', 'set', 'x', '9'), ('a', 'set', 'x', '10') RETURNING version;
UPDATE synckit.documents SET state = state || '{"door": 1}' WHERE id = 'c';
DROP TRIGGER nest ON synckit.deltas;
SELECT id, state, version FROM synckit.documents ORDER BY id;
SELECT * FROM disagreements;
-- on documents: the row that is being written cannot be written meanwhile; another can
CREATE TRIGGER nest BEFORE UPDATE ON synckit.documents FOR EACH ROW
    EXECUTE FUNCTION nest('SELECT put($1.id, ''mine'', 1)');
UPDATE synckit.documents SET state = state || '{"door": 2}' WHERE id = 'c';
ALTER TABLE synckit.documents DISABLE TRIGGER nest;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('c', 'set', 'x', '2');
DROP TRIGGER nest ON synckit.documents;
CREATE TRIGGER nest AFTER UPDATE ON synckit.documents FOR EACH ROW
    EXECUTE FUNCTION nest('SELECT put($1.id, ''mine'', 1), put(''a'', ''n'', 1)');
UPDATE synckit.documents SET state = state || '{"door": 3}' WHERE id IN ('b', 'c');
DROP TRIGGER nest ON synckit.documents;
SELECT * FROM log WHERE document = 'c' AND version > 2;
SELECT * FROM disagreements;
-- deferred to the end of the transaction
CREATE CONSTRAINT TRIGGER nest AFTER INSERT ON synckit.deltas DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.client_id = 'sql')
    EXECUTE FUNCTION nest('SELECT put($1.document_id, ''deferred'', $1.version::int)');
BEGIN;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('c', 'set', 'x', '3'), ('c', 'set', 'x', '4');
SAVEPOINT s;
UPDATE synckit.documents SET state = '{}' WHERE id = 'c';
ROLLBACK TO s;
DELETE FROM synckit.documents WHERE id = 'c';
COMMIT;
DROP TRIGGER nest ON synckit.deltas;
SELECT state, version FROM synckit.documents WHERE id = 'c';

-- one statement through both doors, or through a door and a function
WITH i AS (INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('a', 'set', 'x', '11')
    RETURNING document_id)
UPDATE synckit.documents SET state = '{}' FROM i WHERE id = document_id;
WITH i AS (INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('a', 'set', 'x', '11')
    RETURNING document_id)
DELETE FROM synckit.documents USING i WHERE id = document_id;
WITH i AS (INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('new', 'set', 'x', '11')
    RETURNING document_id)
INSERT INTO synckit.documents (id, state) SELECT document_id, '{}' FROM i ON CONFLICT DO NOTHING;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('a', 'set', 'x', '11')
    RETURNING synckit_save_document('a', '{}');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('a', 'set', 'x', '11')
    RETURNING synckit_merge_clock('a', '{"z": 1}');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) SELECT 'a', 'set', 'x', to_jsonb(put('a',
    'y', g)) FROM generate_series(1, 2) g;
-- but other documents may be written, and the same before its first row is merged
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
SELECT 'a', 'set', 'x', to_jsonb(put('b', 'y', g)) FROM generate_series(1, 2) g
    RETURNING version, try_put('a', 'y', 1), try_put('b', 'y', -1), try_put('d', 'y', 1);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) SELECT 'a', 'set', 'x', to_jsonb(put('a',
    'y', 20)) RETURNING version, value;
-- two INSERTs in one statement are one
WITH i AS (INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('a', 'set', 'x', '21')
    RETURNING version)
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) SELECT 'a', 'set', 'x', to_jsonb(version)
    FROM i RETURNING version, value;
SELECT * FROM disagreements;

-- a row that was written by its statement may be written on by a function: its delta comes after
INSERT INTO synckit.documents (id, state) VALUES ('r', '{}') RETURNING put(id, 'x', 1);
UPDATE synckit.documents SET state = state || '{"door": 1}' WHERE id = 'r' RETURNING put(id, 'x', 2);
UPDATE synckit.documents SET state = state || '{"door": 2}' WHERE id = 'r' AND put(id, 'x', 3) > 0;
-- one that it deletes may not: its tombstone is not there yet
DELETE FROM synckit.documents WHERE id = 'r' RETURNING synckit_delete_document(id);
WITH i AS (DELETE FROM synckit.documents WHERE id = 'a' RETURNING id) SELECT put(id, 'x', 1) FROM i;
WITH i AS (DELETE FROM synckit.documents WHERE id = 'a'
    RETURNING id, state) INSERT INTO synckit.documents (id, state) SELECT * FROM i;
WITH i AS (DELETE FROM synckit.documents WHERE id = 'a'
    RETURNING id) SELECT version FROM i, synckit_save_document(id, '{}');
SELECT put('r', 'x', 4);
SELECT * FROM log WHERE document = 'r';

-- a row that got a version and is kept out of the log
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER zzzz BEFORE INSERT ON synckit.deltas FOR EACH ROW WHEN (NEW.field_path = 'swallowed')
    EXECUTE FUNCTION nothing();
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '1'), ('a', 'set', 'swallowed', '1');
ALTER TRIGGER zzzz ON synckit.deltas RENAME TO aaa;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('a', 'set', 'x', '31'), ('a', 'set', 'swallowed', '1') RETURNING version;
DROP TRIGGER aaa ON synckit.deltas;
CREATE UNIQUE INDEX deltas_users ON synckit.deltas (server_id);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, server_id)
    VALUES ('a', 'set', 'x', '32', 's'), ('b', 'set', 'x', '32', 's');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, server_id)
    VALUES ('a', 'set', 'x', '32', 's'), ('b', 'set', 'x', '32', 's') ON CONFLICT DO NOTHING;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, server_id)
    VALUES ('a', 'set', 'x', '32', 's') ON CONFLICT (server_id) DO NOTHING RETURNING version;
DROP INDEX synckit.deltas_users;

-- foreign keys of the user's
CREATE TABLE owners (name text PRIMARY KEY);
CREATE TABLE notes (id varchar(255) COLLATE "C" REFERENCES synckit.documents ON DELETE CASCADE);
ALTER TABLE synckit.documents ADD COLUMN owner text REFERENCES owners ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO owners VALUES ('o'), ('p');
INSERT INTO synckit.documents (id, state, owner) VALUES ('o1', '{}', 'o'), ('o2', '{}', 'o'), ('p1', '{}', 'p');
INSERT INTO notes VALUES ('o1'), ('p1');
UPDATE owners SET name = 'q' WHERE name = 'p';
DELETE FROM owners;
SELECT synckit_delete_document('r');
SELECT * FROM log WHERE document ~ '^[op][0-9]';
SELECT (SELECT count(*) FROM notes) AS notes, (SELECT count(*)
    FROM synckit.documents WHERE owner IS NOT NULL) AS documents;
SELECT * FROM disagreements;

-- a birth that is not logged yet, and the deletion of the same: by a function and by hand; an upsert is no birth
INSERT INTO synckit.documents (id, state) VALUES ('born', '{}') RETURNING synckit_delete_document(id);
CREATE FUNCTION delete_by_hand(text) RETURNS integer LANGUAGE plpgsql AS
    $$ BEGIN DELETE FROM synckit.documents WHERE id = $1; RETURN 1; END $$;
INSERT INTO synckit.documents (id, state) VALUES ('born', '{}') RETURNING delete_by_hand(id);
INSERT INTO synckit.documents (id, state) VALUES ('born', '{}');
INSERT INTO synckit.documents (id, state) VALUES ('born', '{"x": 1}') ON CONFLICT (id) DO UPDATE SET state = excluded.state
    RETURNING version;
BEGIN;
INSERT INTO synckit.documents (id, state) VALUES ('born', '{"x": 2}') ON CONFLICT (id) DO NOTHING RETURNING version;
SELECT synckit_delete_document('born');
COMMIT;
SELECT * FROM log WHERE document = 'born';
SELECT * FROM disagreements;
DROP FUNCTION delete_by_hand;

SET client_min_messages = warning;
DROP VIEW log, disagreements;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION put, try_put, nest, nothing;
DROP TABLE owners, notes;
