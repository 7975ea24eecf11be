-- Triggers of the user's that change what was merged, before and after ours: 27000, whoever writes. Those that write to the
-- document that is being born are in order.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set disagreements :abs_srcdir '/test/sql/disagreements.sql'
\i :disagreements
\set attempt :abs_srcdir '/test/sql/attempt.sql'
\i :attempt
-- what a trigger does to NEW, and what comes of each way to write; 'works' only where there is no such row
CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb;
BEGIN
    EXECUTE 'SELECT ' || TG_ARGV[0] USING NEW INTO changed;
    RETURN jsonb_populate_record(NEW, changed);
END $$;
CREATE FUNCTION outcomes(on_table text, event text, name text, change text)
RETURNS TABLE (apply text, batch text, save text, remove text, "insert" text, "update" text, "delete" text, delta text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER %I BEFORE %s ON synckit.%I FOR EACH ROW EXECUTE FUNCTION bend(%L)', name, event, on_table, change);
    apply := attempt($s$SELECT synckit_apply_delta('old', 'c', 'set', 'x', '2')$s$) || ' ' ||
             attempt($s$SELECT synckit_apply_delta('NEW', 'c', 'set', 'x', '2')$s$);
    batch := attempt($s$SELECT count(*) FROM synckit_apply_deltas('[
        {"documentId": "old", "clientId": "c", "operationType": "set", "fieldPath": "x", "value": 3},
        {"documentId": "other", "clientId": "c", "operationType": "set", "fieldPath": "x", "value": 3}]')$s$);
    save := attempt($s$SELECT synckit_save_document('old', '{"x": 4}')$s$);
    remove := attempt($s$SELECT synckit_delete_document('old')$s$);
    "insert" := attempt($s$INSERT INTO synckit.documents (id, state) VALUES ('Born', '{}')$s$);
    "update" := attempt($s$UPDATE synckit.documents SET state = '{"x": 5}' WHERE id = 'other'$s$);
    "delete" := attempt($s$DELETE FROM synckit.documents WHERE id = 'third'$s$);
    delta := attempt($s$INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('third', 'set', 'x', '6')$s$);
    RETURN NEXT;
    RAISE EXCEPTION USING ERRCODE = 'TS001', MESSAGE = format('%s | %s | %s | %s | %s | %s | %s | %s',
        apply, batch, save, remove, "insert", "update", "delete", delta);
END $$;
CREATE FUNCTION undone(on_table text, event text, name text, change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM outcomes(on_table, event, name, change);
EXCEPTION WHEN SQLSTATE 'TS001' THEN
    RETURN SQLERRM;
END $$;
SELECT count(*) FROM synckit_apply_deltas((SELECT jsonb_agg(jsonb_build_object(
    'documentId', d, 'clientId', 'c', 'operationType', 'set', 'fieldPath', 'x', 'value', 1))
    FROM unnest('{old,other,third}'::text[]) d));

-- old, new | batch | save | delete_document | INSERT | UPDATE | DELETE | INSERT of a delta
SELECT on_table, event, name, change, undone(on_table, event, name, change)
FROM (VALUES
    ('documents', 'INSERT', 'aaa', 'jsonb_build_object(''id'', lower($1.id))'),
    ('documents', 'UPDATE', 'aaa', 'jsonb_build_object(''version'', $1.version + 10)'),
    ('documents', 'INSERT OR UPDATE', 'zzzz', 'jsonb_build_object(''state'', $1.state || ''{"more": 1}'')'),
    ('documents', 'INSERT OR UPDATE', 'zzzz', 'jsonb_build_object(''version'', $1.version + 10)'),
    ('documents', 'INSERT OR UPDATE', 'zzzz', 'jsonb_build_object(''lamport'', $1.lamport + 10)'),
    ('deltas', 'INSERT', 'aaa', 'jsonb_build_object(''id'', gen_random_uuid())'),
    ('deltas', 'INSERT', 'aaa', 'jsonb_build_object(''value'', 7)'),
    ('deltas', 'INSERT', 'aaa', 'jsonb_build_object(''field_path'', ''other'')'),
    ('deltas', 'INSERT', 'aaa', 'jsonb_build_object(''outcome'', ''superseded'')'),
    ('deltas', 'INSERT', 'aaa', 'jsonb_build_object(''xid'', NULL)'),
    ('deltas', 'INSERT', 'zzzz', 'jsonb_build_object(''version'', $1.version + 10)'),
    ('deltas', 'INSERT', 'zzzz', 'jsonb_build_object(''value'', 7)'),
    ('deltas', 'INSERT', 'zzzz', 'jsonb_build_object(''document_id'', ''elsewhere'')'),
    ('tombstones', 'INSERT', 'aaa', 'jsonb_build_object(''id'', ''elsewhere'')'),
    ('tombstones', 'INSERT', 'aaa', 'jsonb_build_object(''version'', $1.version + 10)')
) AS of (on_table, event, name, change);
SELECT * FROM disagreements;

-- the merge of a clock and cleanup write a part of the row: the rest is to stay
CREATE TRIGGER aaa BEFORE UPDATE ON synckit.documents FOR EACH ROW
    EXECUTE FUNCTION bend('jsonb_build_object(''state'', $1.state || ''{"more": 1}'')');
SELECT attempt($$SELECT synckit_merge_clock('old', '{"k": 3}')$$);
DROP TRIGGER aaa ON synckit.documents;
SELECT attempt($$SELECT synckit_merge_clock('old', '{"k": 3}')$$);

-- a trigger that completes a document when it is born, and again when it is born after a deletion
CREATE FUNCTION complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE synckit.documents SET state = state || '{"created": true}' WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER complete AFTER INSERT ON synckit.documents FOR EACH ROW EXECUTE FUNCTION complete();
SELECT version FROM synckit_apply_delta('young', 'c', 'set', 'f', '1');
SELECT synckit_delete_document('young');
SELECT version FROM synckit_apply_delta('young', 'c', 'set', 'f', '2');
SELECT version FROM synckit_save_document('saved', '{"x": 1}');
SELECT count(*) FROM synckit_apply_deltas('[
    {"documentId": "k2", "clientId": "c", "operationType": "set", "fieldPath": "x", "value": 3},
    {"documentId": "old", "clientId": "c", "operationType": "set", "fieldPath": "y", "value": 3},
    {"documentId": "k1", "clientId": "c", "operationType": "set", "fieldPath": "x", "value": 3},
    {"documentId": "k2", "clientId": "c", "operationType": "set", "fieldPath": "y", "value": 4}]');
INSERT INTO synckit.documents (id, state) VALUES ('plain', '{}');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('d1', 'set', 'x', '1'), ('d2', 'set', 'x', '1');
SELECT attempt($$INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('d3', 'set', 'x', '1'), ('d3', 'set', 'y', '1')$$);
SELECT id, state, version FROM synckit.documents ORDER BY id;
SELECT document_id, version, field_path, value, seq > lag(seq) OVER (PARTITION BY document_id ORDER BY version) AS rises
    FROM synckit.deltas WHERE document_id = 'young' ORDER BY version;
SELECT * FROM disagreements;
DROP TRIGGER complete ON synckit.documents;

-- what a subtransaction of a trigger's had decided is forgotten with it
CREATE TABLE calls (statement text);
CREATE FUNCTION call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO synckit.documents (id, state) VALUES ('s1', '{}'), ('s2', '{}');
    BEGIN
        DELETE FROM synckit.documents WHERE id IN ('s1', 's2') AND (id = 's1' OR 1 / (version - 1) > 0);
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    INSERT INTO synckit.documents (id, state) VALUES ('s1', '{"again": true}')
        ON CONFLICT (id) DO UPDATE SET state = excluded.state;
    RETURN NEW;
END $$;
CREATE TRIGGER call AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION call();
BEGIN;
INSERT INTO calls VALUES ('x');
SELECT version FROM synckit_apply_delta('s1', 'c', 'set', 'f', '1');
COMMIT;
SELECT id, state, version FROM synckit.documents WHERE id LIKE 's_' ORDER BY id;
SELECT * FROM disagreements;

SET client_min_messages = warning;
DROP TABLE calls;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION attempt, bend, outcomes, undone, complete, call;
