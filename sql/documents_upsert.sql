-- Writes to synckit.documents that happen only in part: ON CONFLICT, MERGE, rollbacks, triggers of the user's. What did
-- not happen leaves nothing behind, neither in the log nor in the memory of the session.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set log :abs_srcdir '/test/sql/log.sql'
\i :log
\set disagreements :abs_srcdir '/test/sql/disagreements.sql'
\i :disagreements

-- ON CONFLICT
INSERT INTO synckit.documents (id, state) VALUES ('a', '{"x": 1}') ON CONFLICT DO NOTHING;
INSERT INTO synckit.documents (id, state) VALUES ('a', '{"x": 2}') ON CONFLICT DO NOTHING RETURNING version;
INSERT INTO synckit.documents (id, state) VALUES ('a', '{"x": 2}') ON CONFLICT (id) DO NOTHING RETURNING version;
INSERT INTO synckit.documents AS d (id, state) VALUES ('a', '{"x": 3}'), ('b', '{"x": 3}')
    ON CONFLICT (id) DO UPDATE SET state = d.state || excluded.state RETURNING id, state, version;
INSERT INTO synckit.documents AS d (id, state) VALUES ('a', '{"x": 4}')
    ON CONFLICT (id) DO UPDATE SET state = excluded.state WHERE false;
INSERT INTO synckit.documents AS d (id, state) VALUES ('a', '{"x": 4}') ON CONFLICT ON CONSTRAINT documents_pkey
    DO UPDATE SET state = excluded.state, version = excluded.version;
INSERT INTO synckit.documents AS d (id, state) VALUES ('a', '{"x": 3}')
    ON CONFLICT (id) DO UPDATE SET state = excluded.state RETURNING version;
INSERT INTO synckit.documents (id, state) VALUES ('a', '{"x": 4}');
-- one id twice: the first is written, and it is the first that is logged
INSERT INTO synckit.documents (id, state) VALUES ('c', '{"x": 1}'), ('c', '{"x": 2}'), ('c', '{"x": 3}')
    ON CONFLICT DO NOTHING RETURNING state;
INSERT INTO synckit.documents (id, state) VALUES ('n', '{"x": 1}'), ('n', '{"x": 2}')
    ON CONFLICT (id) DO UPDATE SET state = excluded.state;
INSERT INTO synckit.documents (id, state) VALUES ('n', '{"x": 1}'), ('n', '{"x": 2}');
SELECT * FROM log;
-- what was decided and did not happen is not mistaken for what a function then writes
BEGIN;
INSERT INTO synckit.documents (id, state) VALUES ('a', '{"x": 5}') ON CONFLICT DO NOTHING;
SELECT synckit_delete_document('a');
SELECT version FROM synckit_apply_delta('a', 'f', 'set', 'x', '6');
COMMIT;
BEGIN;
SAVEPOINT s;
UPDATE synckit.documents SET state = CASE id WHEN 'a' THEN '{"x": 7}'::jsonb ELSE '[]' END WHERE id IN ('a', 'b');
ROLLBACK TO s;
UPDATE synckit.documents SET state = CASE id WHEN 'b' THEN '{"x": 7}'::jsonb ELSE '[]' END WHERE id IN ('a', 'b');
ROLLBACK TO s;
SELECT version FROM synckit_apply_delta('a', 'f', 'set', 'x', '8');
SELECT version FROM synckit_apply_delta('b', 'f', 'set', 'x', '8');
COMMIT;
SELECT * FROM log WHERE document IN ('a', 'b') AND version > 2;
-- a second unique index: the row that met it was not written
CREATE UNIQUE INDEX documents_x ON synckit.documents ((state -> 'unique'));
INSERT INTO synckit.documents (id, state) VALUES ('u', '{"unique": 1}');
INSERT INTO synckit.documents (id, state) VALUES ('v', '{"unique": 1}') ON CONFLICT DO NOTHING;
INSERT INTO synckit.documents (id, state) VALUES ('v', '{"unique": 1}') ON CONFLICT (id) DO NOTHING;
INSERT INTO synckit.documents (id, state) VALUES ('v', '{"unique": 1}'), ('w', '{"unique": 2}')
    ON CONFLICT ((state -> 'unique')) DO UPDATE SET state = '{"unique": 3}' RETURNING id, version;
DROP INDEX synckit.documents_x;

-- MERGE
MERGE INTO synckit.documents d USING (VALUES ('a', '{"m": 1}'::jsonb), ('m', '{"m": 2}'), ('b', NULL), ('w',
    '{}')) s (id, state) ON d.id = s.id
    WHEN MATCHED AND s.state IS NULL THEN DELETE
    WHEN MATCHED AND s.state = '{}' THEN DO NOTHING
    WHEN MATCHED THEN UPDATE SET state = d.state || s.state
    WHEN NOT MATCHED THEN INSERT (id, state) VALUES (s.id, s.state);
SELECT id, state, version FROM synckit.documents ORDER BY id;

-- rollbacks, to savepoints and within exception blocks
BEGIN;
UPDATE synckit.documents SET state = '{"r": 1}' WHERE id = 'a';
SAVEPOINT s;
UPDATE synckit.documents SET state = '{"r": 2}' WHERE id = 'a';
DELETE FROM synckit.documents WHERE id = 'm';
ROLLBACK TO s;
DELETE FROM synckit.documents WHERE id = 'a' RETURNING version;
ROLLBACK TO s;
UPDATE synckit.documents SET state = '{"r": 3}' WHERE id = 'a' RETURNING version;
COMMIT;
DO $$
BEGIN
    FOR i IN 1 .. 3 LOOP
        BEGIN
            UPDATE synckit.documents SET state = jsonb_build_object('i', i) WHERE id IN ('a', 'm');
            INSERT INTO synckit.documents (id, state) VALUES ('born', '{}');
            IF i = 2 THEN
                RAISE EXCEPTION 'undo';
            END IF;
            DELETE FROM synckit.documents WHERE id = 'born';
        EXCEPTION WHEN raise_exception THEN
            DELETE FROM synckit.documents WHERE id = 'm';
        END;
    END LOOP;
END $$;
SELECT * FROM log WHERE document IN ('m', 'born') OR document = 'a' AND version > 6;

-- a BEFORE trigger of the user's may change the state: that is part of the write
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state := NEW.state || '{"by": "trigger"}';
    RETURN NEW;
END $$;
CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON synckit.documents FOR EACH ROW EXECUTE FUNCTION meddle();
INSERT INTO synckit.documents (id, state) VALUES ('t', '{"x": 1}') RETURNING state, version;
UPDATE synckit.documents SET state = '{"x": 2}' WHERE id = 't' RETURNING state, version;
UPDATE synckit.documents SET created_at = now() WHERE id = 'c' RETURNING state, version;
-- but not after ours has merged it
ALTER TRIGGER meddle ON synckit.documents RENAME TO zzzz;
UPDATE synckit.documents SET state = '{"x": 3}' WHERE id = 't';
INSERT INTO synckit.documents (id, state) VALUES ('t2', '{"x": 1}');
DROP TRIGGER zzzz ON synckit.documents;
-- a row that is suppressed leaves no trace, before ours or after
CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER aaa BEFORE INSERT OR UPDATE OR DELETE ON synckit.documents FOR EACH ROW EXECUTE FUNCTION meddle();
INSERT INTO synckit.documents (id, state) VALUES ('t3', '{"x": 1}');
UPDATE synckit.documents SET state = '{"x": 3}' WHERE id = 't';
DELETE FROM synckit.documents WHERE id = 't';
ALTER TRIGGER aaa ON synckit.documents RENAME TO zzzz;
BEGIN;
INSERT INTO synckit.documents (id, state) VALUES ('t3', '{"x": 1}');
UPDATE synckit.documents SET state = '{"x": 3}' WHERE id = 't';
DELETE FROM synckit.documents WHERE id = 't';
DROP TRIGGER zzzz ON synckit.documents;
SELECT version FROM synckit_apply_delta('t', 'f', 'set', 'x', '4');
SELECT synckit_delete_document('t');
SELECT version FROM synckit_apply_delta('t', 'f', 'set', 'x', '5');
SELECT version FROM synckit_apply_delta('t3', 'f', 'set', 'x', '5');
COMMIT;
SELECT * FROM log WHERE document LIKE 't%' ORDER BY document, version;

SELECT * FROM disagreements;
SET client_min_messages = warning;
DROP VIEW log, disagreements;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION meddle;
