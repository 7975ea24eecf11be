-- The doors under statements of other kinds: MERGE, views, cursors, loops, procedures, prepared statements and
-- transactions, INSERT … SELECT from the same table.
SELECT synckit_migrate();
\getenv abs_srcdir PG_ABS_SRCDIR
\set disagreements :abs_srcdir '/test/sql/disagreements.sql'
\i :disagreements

-- MERGE into the log
CREATE TABLE incoming (document text, field text, value jsonb);
INSERT INTO incoming VALUES ('a', 'x', '1'), ('a', 'y', '2'), ('b', 'x', '3');
MERGE INTO synckit.deltas l USING incoming i ON l.document_id = i.document AND l.field_path = i.field
    WHEN NOT MATCHED THEN INSERT (document_id, operation_type, field_path, value) VALUES (document, 'set', field, i.value);
INSERT INTO incoming VALUES ('a', 'z', '4');
MERGE INTO synckit.deltas l USING incoming i ON l.document_id = i.document AND l.field_path = i.field
    WHEN MATCHED THEN DO NOTHING
    WHEN NOT MATCHED THEN INSERT (document_id, operation_type, field_path, value) VALUES (document, 'set', field, i.value);
MERGE INTO synckit.deltas l USING incoming i ON l.document_id = i.document AND l.field_path = i.field
    WHEN MATCHED THEN UPDATE SET value = '9';
SELECT id, state, version FROM synckit.documents ORDER BY id;

-- views of the user's
CREATE VIEW writes AS SELECT document_id, operation_type, field_path, value FROM synckit.deltas;
INSERT INTO writes VALUES ('a', 'set', 'w', '7');
CREATE VIEW pages AS SELECT id, state FROM synckit.documents WHERE id <> 'b' WITH CHECK OPTION;
UPDATE pages SET state = state - 'w';
INSERT INTO pages VALUES ('b', '{}') ON CONFLICT DO NOTHING;
INSERT INTO pages VALUES ('c', '{"x": 1}');
DELETE FROM pages WHERE id = 'c';
SELECT id, state, version FROM synckit.documents ORDER BY id;

-- from the same table
INSERT INTO writes SELECT * FROM writes WHERE document_id = 'a' AND operation_type = 'set' ORDER BY field_path;
INSERT INTO synckit.documents (id, state) SELECT id || '-copy', state FROM synckit.documents;
SELECT id, state, version FROM synckit.documents ORDER BY id;

-- prepared statements, a loop over what is inserted, a cursor
PREPARE write(text, jsonb) AS UPDATE synckit.documents SET state = $2 WHERE id = $1 RETURNING version;
EXECUTE write('b', '{"p": 1}');
EXECUTE write('b', '{"p": 2}');
DO $$
DECLARE
    inserted record;
BEGIN
    FOR inserted IN INSERT INTO writes VALUES ('b', 'set', 'i', '1'), ('b', 'set', 'j', '2') RETURNING field_path LOOP
        PERFORM synckit_apply_delta('b', 'loop', 'set', 'after ' || inserted.field_path, '1');
    END LOOP;
END $$;
SELECT state, version FROM synckit.documents WHERE id = 'b';
BEGIN;
DECLARE pages CURSOR FOR SELECT id, state FROM synckit.documents WHERE id = 'b' FOR UPDATE;
FETCH pages;
UPDATE synckit.documents SET state = '{"cursor": 1}' WHERE CURRENT OF pages RETURNING version;
DELETE FROM synckit.documents WHERE CURRENT OF pages RETURNING version;
COMMIT;

-- a procedure that commits and rolls back
CREATE PROCEDURE go() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 4 LOOP
        INSERT INTO synckit.documents (id, state) VALUES ('p', '{}')
            ON CONFLICT (id) DO UPDATE SET state = jsonb_build_object('i', i);
        INSERT INTO writes VALUES ('p', 'set', 'j', to_jsonb(i));
        IF i % 2 = 0 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
    END LOOP;
END $$;
CALL go();
SELECT state, version FROM synckit.documents WHERE id = 'p';

-- transactions in two phases
BEGIN;
UPDATE synckit.documents SET state = '{"two": 2}' WHERE id = 'p';
INSERT INTO writes VALUES ('p', 'set', 'phases', '1');
INSERT INTO synckit.documents (id, state) VALUES ('p', '{}') ON CONFLICT DO NOTHING;
PREPARE TRANSACTION 'synckit doors';
SELECT version FROM synckit_apply_delta('other', 'f', 'set', 'x', '1');
COMMIT PREPARED 'synckit doors';
SELECT state, version FROM synckit.documents WHERE id = 'p';
BEGIN;
DELETE FROM synckit.documents WHERE id = 'p';
PREPARE TRANSACTION 'synckit doors';
ROLLBACK PREPARED 'synckit doors';
SELECT version FROM synckit_apply_delta('p', 'f', 'set', 'x', '1');

SELECT * FROM disagreements;
SET client_min_messages = warning;
DROP VIEW disagreements, writes, pages;
DROP PROCEDURE go;
DROP TABLE incoming;
DROP SCHEMA synckit CASCADE;
