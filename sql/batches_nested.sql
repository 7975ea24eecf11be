-- Batches of synckit_apply_deltas() and triggers of the user's that write to the same documents meanwhile: whatever is
-- not an error is merged and logged in order.
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
CREATE FUNCTION batch(value jsonb, VARIADIC documents text[])
RETURNS TABLE (document_id text, version bigint, outcome text, error_code text) LANGUAGE sql AS $$
    SELECT document_id, version, outcome, error_code FROM synckit_apply_deltas((
        SELECT jsonb_agg(jsonb_build_object('documentId', d, 'clientId', 'batch', 'operationType', 'set',
                                            'fieldPath', 'x', 'value', value)) FROM unnest(documents) d))
$$;
CREATE FUNCTION try_batch(value jsonb, VARIADIC documents text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM batch(value, VARIADIC documents);
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- those there, those to be born, those that are dead, and some twice
SELECT * FROM batch('1', 'b', 'd', 'f');
SELECT synckit_delete_document('d');
SELECT * FROM batch('2', 'f', 'a', 'b', 'c', 'd', 'b', 'e', 'g');
SELECT * FROM batch('3', 'g', 'f', 'e', 'd', 'c', 'b', 'a');
-- a deletion, a superseded delta and a birth for nothing, beside others
SELECT document_id, version, outcome, error_code FROM synckit_apply_deltas('[
    {"documentId": "a", "clientId": "k", "operationType": "set", "fieldPath": "x", "value": 4},
    {"documentId": "b", "clientId": "k", "operationType": "delete", "fieldPath": ""},
    {"documentId": "c", "clientId": "old", "operationType": "set", "fieldPath": "x", "value": 0, "seen": 0, "timestamp": 1},
    {"documentId": "h", "clientId": "k", "operationType": "set", "fieldPath": "x", "value": 4, "clockValue": -1},
    {"documentId": "g", "clientId": "k", "operationType": "set", "fieldPath": "y", "value": 4}]');
SELECT * FROM disagreements;
SELECT id, state, version FROM synckit.documents ORDER BY id;

-- AFTER ROW of documents: a delta for another document of the batch, which has been written by then
CREATE TRIGGER nest AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'a')
    EXECUTE FUNCTION nest('SELECT synckit_apply_delta(''c'', ''trigger'', ''set'', ''y'', ''1'')');
SELECT * FROM batch('5', 'a', 'c', 'd');
SELECT * FROM log WHERE document = 'c';
SELECT * FROM disagreements;
-- the same by hand, of the state
DROP TRIGGER nest ON synckit.documents;
CREATE TRIGGER nest AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'a')
    EXECUTE FUNCTION nest('UPDATE synckit.documents SET state = state || ''{"y": 2}'' WHERE id IN (''a'', ''c'', ''d'')');
SELECT * FROM batch('6', 'a', 'c', 'd');
SELECT id, state, version FROM synckit.documents WHERE id IN ('a', 'c', 'd') ORDER BY id;
SELECT * FROM disagreements;
-- and of a column of the user's alone, which is no delta
DROP TRIGGER nest ON synckit.documents;
ALTER TABLE synckit.documents ADD COLUMN touched integer;
CREATE TRIGGER nest AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'a')
    EXECUTE FUNCTION nest('UPDATE synckit.documents SET touched = 7 WHERE id IN (''a'', ''c'', ''d'')');
SELECT * FROM batch('7', 'a', 'c', 'd');
SELECT id, state, version, touched FROM synckit.documents WHERE id IN ('a', 'c', 'd') ORDER BY id;
SELECT * FROM disagreements;
-- BEFORE ROW of documents: another document of the batch is locked and merged, and not written yet
DROP TRIGGER nest ON synckit.documents;
CREATE TRIGGER nest BEFORE UPDATE ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'a')
    EXECUTE FUNCTION nest('SELECT synckit_apply_delta(''c'', ''trigger'', ''set'', ''y'', ''3'')');
SELECT try_batch('8', 'a', 'c', 'd');
SELECT try_batch('8', 'a', 'd');
SELECT * FROM disagreements;
-- AFTER ROW and BEFORE ROW of deltas: all documents have been written
DROP TRIGGER nest ON synckit.documents;
CREATE TRIGGER nest BEFORE INSERT ON synckit.deltas FOR EACH ROW WHEN (NEW.document_id = 'a')
    EXECUTE FUNCTION nest('SELECT synckit_apply_delta(''d'', ''trigger'', ''set'', ''y'', ''4'')');
CREATE TRIGGER nest_after AFTER INSERT ON synckit.deltas FOR EACH ROW WHEN (NEW.document_id = 'a')
    EXECUTE FUNCTION nest('INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
                           VALUES (''c'', ''set'', ''y'', ''5''), (''d'', ''set'', ''y'', ''5'')');
SELECT * FROM batch('9', 'a', 'c', 'd');
SELECT id, state, version FROM synckit.documents WHERE id IN ('a', 'c', 'd') ORDER BY id;
SELECT * FROM disagreements;
DROP TRIGGER nest ON synckit.deltas;
DROP TRIGGER nest_after ON synckit.deltas;

-- a trigger that keeps one row of many from being written, or changes it: nothing of the batch is done
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := NEW.version + 1; RETURN NEW; END';
CREATE TRIGGER user_trigger BEFORE UPDATE ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'c') EXECUTE FUNCTION swallow();
SELECT try_batch('10', 'a', 'c', 'd');
DROP TRIGGER user_trigger ON synckit.documents;
CREATE TRIGGER user_trigger BEFORE INSERT ON synckit.deltas FOR EACH ROW WHEN (NEW.document_id = 'c') EXECUTE FUNCTION swallow();
SELECT try_batch('10', 'a', 'c', 'd');
DROP TRIGGER user_trigger ON synckit.deltas;
CREATE TRIGGER user_trigger BEFORE UPDATE ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'd') EXECUTE FUNCTION bend();
SELECT try_batch('10', 'a', 'c', 'd');
DROP TRIGGER user_trigger ON synckit.documents;
CREATE TRIGGER user_trigger BEFORE INSERT ON synckit.deltas FOR EACH ROW WHEN (NEW.document_id = 'd') EXECUTE FUNCTION bend();
SELECT try_batch('10', 'a', 'c', 'd');
DROP TRIGGER user_trigger ON synckit.deltas;
SELECT id, state, version FROM synckit.documents WHERE id IN ('a', 'c', 'd') ORDER BY id;
SELECT * FROM disagreements;

-- more documents than are locked at once, half of them new
SELECT count(*), count(*) FILTER (WHERE outcome = 'applied')
    FROM batch('1', VARIADIC (SELECT array_agg('many' || i) FROM generate_series(1, 400, 2) i));
SELECT count(*), min(version), max(version)
    FROM batch('2', VARIADIC (SELECT array_agg('many' || i) FROM generate_series(1, 400) i));
SELECT * FROM disagreements;

SET client_min_messages = warning;
DROP VIEW log, disagreements;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION batch, try_batch, nest, swallow, bend;
