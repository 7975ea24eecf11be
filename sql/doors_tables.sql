-- The tables are the user's to alter: whatever they look like, a write through a door ends well or with an error, and
-- the server stays up.
SELECT synckit_migrate();
\set SHOW_CONTEXT never
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '1');
SELECT synckit_delete_document('dead') IS NOT NULL AS none;

-- what each door says once a statement has changed the tables: of an error its class only, which is what is promised
\getenv abs_srcdir PG_ABS_SRCDIR
\set attempt :abs_srcdir '/test/sql/attempt.sql'
\i :attempt
CREATE FUNCTION alter_and_try(statement text, OUT insert_document text, OUT update_document text,
    OUT delete_document text, OUT insert_delta text)
LANGUAGE plpgsql AS $$
BEGIN
    DROP VIEW synckit.vector_clocks, synckit.documents_with_clocks; -- they hold on to the columns that they show
    EXECUTE statement;
    insert_document := attempt('INSERT INTO synckit.documents (id, state) VALUES (''e'', ''{}'')');
    update_document := attempt('UPDATE synckit.documents SET state = ''{"x": 2}'' WHERE id = ''d''');
    insert_delta := attempt('INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES (''d'', ''set'', ''x'', ''3'')');
    delete_document := attempt('DELETE FROM synckit.documents WHERE id = ''d''');
    RAISE SQLSTATE 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
    NULL;
END $$;
SELECT statement, a.* FROM unnest(ARRAY[
    'SELECT 1',
    'ALTER TABLE synckit.documents ALTER state TYPE text',
    'ALTER TABLE synckit.documents ALTER clock TYPE text',
    'ALTER TABLE synckit.documents ALTER registers TYPE text',
    'ALTER TABLE synckit.documents ALTER version TYPE text',
    'ALTER TABLE synckit.documents ALTER lamport TYPE numeric',
    'ALTER TABLE synckit.documents ALTER created_at TYPE text',
    'ALTER TABLE synckit.documents ALTER updated_at TYPE timestamp',
    'ALTER TABLE synckit.documents DROP COLUMN registers',
    'ALTER TABLE synckit.documents DROP COLUMN updated_at',
    'ALTER TABLE synckit.documents RENAME state TO status',
    'ALTER TABLE synckit.documents ADD COLUMN more text; ALTER TABLE synckit.documents DROP COLUMN more',
    'ALTER TABLE synckit.documents DROP CONSTRAINT documents_pkey',
    'ALTER TABLE synckit.tombstones ALTER version TYPE text',
    'ALTER TABLE synckit.tombstones DROP COLUMN clock',
    'ALTER TABLE synckit.deltas ALTER id DROP DEFAULT, ALTER id TYPE text',
    'ALTER TABLE synckit.deltas ALTER changed_fields TYPE text',
    'ALTER TABLE synckit.deltas ALTER outcome TYPE varchar(7)',
    'ALTER TABLE synckit.deltas ALTER xid TYPE text',
    'ALTER TABLE synckit.deltas ALTER clock TYPE text',
    'ALTER TABLE synckit.deltas ALTER value TYPE text',
    'ALTER TABLE synckit.deltas DROP COLUMN seq CASCADE',
    'ALTER TABLE synckit.deltas DROP COLUMN "timestamp"',
    'ALTER TABLE synckit.deltas DROP CONSTRAINT deltas_pkey',
    'DROP TRIGGER zzz_synckit_merge ON synckit.documents',
    'DROP TRIGGER "000_synckit_log" ON synckit.documents',
    'DROP TRIGGER "000_synckit_begin" ON synckit.deltas',
    'DROP TRIGGER "000_synckit_write" ON synckit.deltas',
    'DROP TRIGGER "000_synckit_end" ON synckit.deltas',
    'DROP TRIGGER zzz_synckit_merge ON synckit.deltas',
    'DROP SEQUENCE synckit.deltas_seq CASCADE',
    'DROP TABLE synckit.tombstones']) WITH ORDINALITY s (statement, n), alter_and_try(statement) a ORDER BY n;
SELECT state, version FROM synckit.documents;

-- our trigger functions on other tables, for other events, or not as triggers at all
SELECT synckit_documents_trigger();
CREATE TABLE documents (LIKE synckit.documents);
CREATE TABLE deltas (LIKE synckit.deltas INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE deltas_1 PARTITION OF deltas DEFAULT;
CREATE VIEW view AS SELECT * FROM documents;
CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON documents FOR EACH ROW
    EXECUTE FUNCTION synckit_documents_trigger();
CREATE TRIGGER t BEFORE INSERT ON deltas FOR EACH ROW EXECUTE FUNCTION synckit_deltas_trigger();
CREATE TRIGGER t INSTEAD OF INSERT ON view FOR EACH ROW EXECUTE FUNCTION synckit_documents_trigger();
CREATE TRIGGER s AFTER INSERT ON documents FOR EACH STATEMENT EXECUTE FUNCTION synckit_deltas_trigger();
INSERT INTO documents (id, state) VALUES ('d', '{}');
INSERT INTO view (id, state) VALUES ('d', '{}');
INSERT INTO deltas (document_id, operation_type, field_path, value) VALUES ('d', 'set', 'x', '3');
DROP TRIGGER t ON documents;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
SELECT 'd', 'set', 'x', to_jsonb(attempt('INSERT INTO documents SELECT * FROM synckit.documents')) RETURNING value;
BEGIN;
CREATE TRIGGER t BEFORE DELETE ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION synckit_deltas_trigger();
CREATE TRIGGER u AFTER DELETE ON synckit.deltas FOR EACH STATEMENT EXECUTE FUNCTION synckit_deltas_trigger();
CREATE TRIGGER v BEFORE UPDATE OF state ON synckit.documents FOR EACH ROW EXECUTE FUNCTION synckit_documents_trigger();
CREATE TRIGGER w AFTER UPDATE OF state ON synckit.documents FOR EACH ROW EXECUTE FUNCTION synckit_documents_trigger();
CREATE CONSTRAINT TRIGGER x AFTER INSERT ON synckit.deltas DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION synckit_deltas_trigger();
CREATE TRIGGER y BEFORE INSERT ON synckit.tombstones FOR EACH ROW EXECUTE FUNCTION synckit_documents_trigger();
SELECT attempt('DELETE FROM synckit.deltas');
SELECT attempt('DELETE FROM synckit.deltas WHERE false');
SELECT attempt('UPDATE synckit.documents SET state = ''{"y": 1}''');
SELECT attempt('DELETE FROM synckit.documents');
SELECT attempt('INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES (''d'', ''set'', ''x'', ''4''); SET CONSTRAINTS ALL IMMEDIATE');
ROLLBACK;
-- a document that a partition, or a child, holds
CREATE TABLE child () INHERITS (synckit.documents);
INSERT INTO child (id, state, version, clock, lamport, registers, created_at, updated_at)
    VALUES ('c', '{}', 1, '{}', 1, '{}', now(), now());
UPDATE synckit.documents SET state = '{"x": 2}' WHERE id = 'c';
SELECT attempt('SELECT synckit_apply_delta(''c'', ''a'', ''set'', ''x'', ''1'')');
DROP TABLE child;
SELECT state FROM synckit.documents;

SET client_min_messages = warning;
DROP VIEW view;
DROP TABLE documents, deltas;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION attempt, alter_and_try;
