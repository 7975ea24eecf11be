-- Reading documents, raising clocks, and what may not be written to the tables.
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

-- what would forget versions, or rewrite the log, is refused; documents_door.sql and deltas_door.sql have what is not
TRUNCATE synckit.documents;
TRUNCATE synckit.tombstones;
UPDATE synckit.deltas SET value = '1';
UPDATE synckit.deltas SET value = '1' WHERE false;
INSERT INTO synckit.tombstones (id, version, clock, lamport, registers, deleted_at)
    VALUES ('x', 1, '{}', 1, '{}', now());
DELETE FROM synckit.tombstones;
SELECT version FROM synckit_apply_delta('gone', 'alice', 'delete', '');
UPDATE synckit.tombstones SET version = 7;
DELETE FROM synckit.tombstones;
CREATE ROLE regress_synckit_grantee;
GRANT USAGE ON SCHEMA synckit TO regress_synckit_grantee;
GRANT ALL ON ALL TABLES IN SCHEMA synckit TO regress_synckit_grantee;
SET ROLE regress_synckit_grantee;
INSERT INTO synckit.tombstones (id, version, clock, lamport, registers, deleted_at)
    VALUES ('x', 1, '{}', 1, '{}', now());
RESET ROLE;
DROP OWNED BY regress_synckit_grantee;
DROP ROLE regress_synckit_grantee;
SELECT id, version FROM synckit.tombstones ORDER BY id;
SELECT synckit_merge_clock('d', '{"alice": 1}');
-- a user's trigger that writes while a function is at work makes deltas of its own, logged in order
CREATE FUNCTION sneak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        UPDATE synckit.documents SET state = state || '{"sneaked": true}' WHERE id <> NEW.document_id;
        UPDATE synckit.documents SET state = state || jsonb_build_object('v', NEW.version) WHERE id = NEW.document_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sneak AFTER INSERT ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION sneak();
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '2');
SELECT document_id, version, client_id, value
    FROM synckit.deltas WHERE client_id = 'sql' OR document_id = 'e' ORDER BY seq;
SELECT id, state, version FROM synckit.documents ORDER BY id;
-- through the functions it may
CREATE OR REPLACE FUNCTION sneak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.document_id <> 'audit' THEN
        PERFORM synckit_apply_delta('audit', 'trigger', 'set', NEW.document_id, to_jsonb(NEW.version));
    END IF;
    RETURN NULL;
END $$;
SELECT version FROM synckit_apply_delta('e', 'alice', 'set', 'x', '3');
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
