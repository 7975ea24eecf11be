-- Reading documents, raising clocks, and who may not write to the tables.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
SELECT version FROM synckit_apply_delta('d', 'alice', 'set', 'x', '{"n": 1.10}');
SELECT id, state, version, clock, lamport > 0 AS lamport, created_at = updated_at AS new FROM synckit_get_document('d');
SELECT * FROM synckit_get_document('none');
SELECT synckit_get_clock('d'), synckit_get_clock('none');

-- raising a clock changes the clock alone: no delta, no version
SELECT synckit_merge_clock('d', '{"bob": 7, "alice": 1}');
SELECT synckit_merge_clock('d', '{"bob": 3}');
SELECT version, clock FROM synckit_get_document('d');
SELECT count(*) FROM synckit.deltas;
SELECT synckit_merge_clock('none', '{"bob": 7}');
\set VERBOSITY sqlstate
SELECT synckit_merge_clock('d', '{"bob": 9223372036854775807}');
\set VERBOSITY default
SELECT synckit_get_clock('d');
-- the number goes on from there
SELECT clock_value FROM synckit_apply_delta('d', 'bob', 'set', 'x', '2');

-- plain writes are refused: they would be stored unmerged
INSERT INTO synckit.documents (id, state, version, clock, lamport, registers, created_at, updated_at) VALUES ('x', '{}', 1, '{}', 1, '{}', now(), now());
UPDATE synckit.documents SET state = '{}';
UPDATE synckit.documents SET state = '{}' WHERE id = 'none';
DELETE FROM synckit.documents;
TRUNCATE synckit.documents;
INSERT INTO synckit.deltas SELECT * FROM synckit.deltas LIMIT 1;
UPDATE synckit.deltas SET value = '1';
TRUNCATE synckit.tombstones;
INSERT INTO synckit.tombstones (id, version, clock, lamport, registers, deleted_at) VALUES ('x', 1, '{}', 1, '{}', now());
COPY synckit.documents FROM stdin;
x	{}	1	{}	1	{}	2026-01-01	2026-01-01
\.
-- a user's trigger that writes while a function is at work gets no free ride
CREATE FUNCTION sneak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE synckit.documents SET state = '{"sneaked": true}' WHERE id <> NEW.document_id;
    RETURN NULL;
END $$;
CREATE TRIGGER sneak AFTER INSERT ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION sneak();
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '1');
-- through the functions it may
CREATE OR REPLACE FUNCTION sneak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.document_id <> 'audit' THEN
        PERFORM synckit_apply_delta('audit', 'trigger', 'set', NEW.document_id, to_jsonb(NEW.version));
    END IF;
    RETURN NULL;
END $$;
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '1');
SELECT id, state FROM synckit.documents ORDER BY id;
DROP TRIGGER sneak ON synckit.deltas;
-- a trigger that suppresses our row: an error, never a half-written delta
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER aaa BEFORE INSERT ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '2');
DROP TRIGGER aaa ON synckit.deltas;
CREATE TRIGGER aaa BEFORE UPDATE ON synckit.documents FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '2');
DROP TRIGGER aaa ON synckit.documents;
SELECT state, version FROM synckit.documents WHERE id = 'e';

-- a state changed behind our back (by whoever switched the guard off) is taken as it is: written at stamp 1
SET session_replication_role = replica;
UPDATE synckit.documents SET state = state || '{"behind": 1, "zzz": 2}' WHERE id = 'd';
RESET session_replication_role;
SELECT outcome FROM synckit_apply_delta('d', 'carol', 'set', 'behind', '"won"', "timestamp" => '1980-01-01');
SELECT state FROM synckit.documents WHERE id = 'd';

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
