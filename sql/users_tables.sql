-- The tables are the user's: triggers, policies and altered columns of theirs may end a call with an error, but never
-- make a document that is not what its deltas say, or hurt the server.
SELECT synckit_migrate();
\set SHOW_CONTEXT never
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '1');

-- an AFTER trigger that writes the very row that was just written, by hand: deltas of its own
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE TG_ARGV[0] USING NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER meddle AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION meddle('UPDATE synckit.documents SET state = ''{"sneaked": 1}'' WHERE id = $1');
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '2');
DROP TRIGGER meddle ON synckit.documents;
CREATE TRIGGER meddle AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION meddle('DELETE FROM synckit.documents WHERE id = $1');
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '2');
DROP TRIGGER meddle ON synckit.documents;
SELECT version, client_id, operation_type, field_path, value, seq > lag(seq) OVER (ORDER BY version) AS rises
FROM synckit.deltas WHERE document_id = 'd' ORDER BY version;
SELECT count(*) FROM synckit.documents;
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '2');
-- a BEFORE trigger that changes what was merged
CREATE FUNCTION rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state := '{"hack": 1}';
    RETURN NEW;
END $$;
CREATE TRIGGER rewrite BEFORE INSERT OR UPDATE ON synckit.documents FOR EACH ROW EXECUTE FUNCTION rewrite();
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '2');
SELECT version FROM synckit_apply_delta('e', 'a', 'set', 'x', '2');
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '0', "timestamp" => '1999-01-01');
SELECT synckit_merge_clock('d', '{"b": 5}');
DROP TRIGGER rewrite ON synckit.documents;
-- columns of their own they may fill
ALTER TABLE synckit.documents ADD COLUMN note text;
CREATE FUNCTION annotate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note := 'seen';
    RETURN NEW;
END $$;
CREATE TRIGGER annotate BEFORE INSERT OR UPDATE ON synckit.documents FOR EACH ROW EXECUTE FUNCTION annotate();
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '3');
SELECT id, state, version, note FROM synckit.documents;
DROP TRIGGER annotate ON synckit.documents;

-- a trigger that writes the same document through the functions: versions and seq rise together
CREATE TRIGGER meddle AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION meddle('SELECT synckit_apply_delta($1, ''trigger'', ''set'', ''t'', ''1'')');
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '4');
DROP TRIGGER meddle ON synckit.documents;
SELECT version, client_id, seq > lag(seq) OVER (ORDER BY version) AS rises FROM synckit.deltas WHERE document_id = 'd' ORDER BY version;
SELECT state, version FROM synckit.documents WHERE id = 'd';

-- a trigger that keeps a document from being born: an error, not a search without end
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER aaa BEFORE INSERT ON synckit.documents FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT version FROM synckit_apply_delta('unborn', 'a', 'set', 'x', '1');
DROP TRIGGER aaa ON synckit.documents;

-- a tombstone that is not seen, or not let go: the document must not start again at version 1
SELECT version FROM synckit_apply_delta('gone', 'a', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('gone', 'a', 'delete', '');
CREATE TRIGGER aaa BEFORE DELETE ON synckit.tombstones FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT version FROM synckit_apply_delta('gone', 'a', 'set', 'x', '2');
DROP TRIGGER aaa ON synckit.tombstones;
CREATE ROLE regress_synckit_writer;
GRANT USAGE ON SCHEMA synckit TO regress_synckit_writer;
GRANT ALL ON ALL TABLES IN SCHEMA synckit TO regress_synckit_writer;
ALTER TABLE synckit.tombstones ENABLE ROW LEVEL SECURITY;
CREATE POLICY i ON synckit.tombstones FOR INSERT WITH CHECK (true);
SET ROLE regress_synckit_writer;
SELECT version FROM synckit_apply_delta('gone', 'a', 'set', 'x', '2');
RESET ROLE;
ALTER TABLE synckit.tombstones DISABLE ROW LEVEL SECURITY;
SELECT version FROM synckit_apply_delta('gone', 'a', 'set', 'x', '2');

-- columns of another type, one after the other: an error each, and the server stays up
CREATE FUNCTION alter_and_try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    BEGIN
        DROP VIEW synckit.vector_clocks, synckit.documents_with_clocks; -- they hold on to their columns
        EXECUTE statement;
        BEGIN
            PERFORM synckit_apply_delta('d', 'a', 'set', 'x', '9');
            PERFORM synckit_apply_delta('d', 'a', 'set', 'x', '9', id => '00000000-0000-7000-8000-000000000009');
            PERFORM synckit_apply_delta('d', 'a', 'delete', '');
            PERFORM synckit_apply_delta('d', 'a', 'set', 'x', '9');
            PERFORM synckit_get_document('d'), synckit_get_clock('d'), synckit_merge_clock('d', '{"z": 3}');
            answer := 'works';
        EXCEPTION WHEN OTHERS THEN
            answer := 'refused';
        END;
        RAISE SQLSTATE 'ZZZZZ';
    EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
        RETURN answer;
    END;
END $$;
SELECT statement, alter_and_try(statement) FROM unnest(ARRAY[
    'ALTER TABLE synckit.documents ALTER state TYPE text',
    'ALTER TABLE synckit.documents ALTER clock TYPE text',
    'ALTER TABLE synckit.documents ALTER registers TYPE text',
    'ALTER TABLE synckit.documents ALTER version TYPE text',
    'ALTER TABLE synckit.documents ALTER lamport TYPE numeric',
    'ALTER TABLE synckit.documents ALTER updated_at TYPE text',
    'ALTER TABLE synckit.tombstones ALTER registers TYPE text',
    'ALTER TABLE synckit.tombstones ALTER clock TYPE text',
    'ALTER TABLE synckit.tombstones ALTER version TYPE text',
    'ALTER TABLE synckit.deltas ALTER id TYPE text',
    'ALTER TABLE synckit.deltas ALTER changed_fields TYPE text',
    'ALTER TABLE synckit.deltas ALTER version TYPE text',
    'ALTER TABLE synckit.deltas DROP COLUMN seq CASCADE',
    'ALTER TABLE synckit.documents RENAME state TO status']) statement;
-- a rule that leaves nothing of a statement: an error as long as it is there, and no longer
SELECT version FROM synckit_apply_delta('ruled', 'a', 'set', 'x', '1');
CREATE RULE nothing AS ON UPDATE TO synckit.documents DO INSTEAD NOTHING;
SELECT version FROM synckit_apply_delta('ruled', 'a', 'set', 'x', '2');
SELECT version FROM synckit_apply_delta('ruled', 'a', 'set', 'x', '2');
DROP RULE nothing ON synckit.documents;
SELECT version FROM synckit_apply_delta('ruled', 'a', 'set', 'x', '2');
SELECT state FROM synckit.documents WHERE id = 'ruled';
-- what is broken is not called migrated
BEGIN;
ALTER TABLE synckit.documents DROP COLUMN clock CASCADE;
SELECT synckit_migrate();
ROLLBACK;

-- texts that would make a message without end
\set VERBOSITY terse
SELECT version FROM synckit_apply_delta('d', 'a', 'set', 'x', '1', server_id => repeat('s', 256));
SET synckit.server_id = 'sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss';
SELECT ordinality, outcome, error_code FROM synckit_apply_deltas(('[
    {"documentId": "f", "clientId": "a", "operationType": "set", "fieldPath": "x", "value": 1},
    {"documentId": "f", "clientId": "a", "operationType": "set", "fieldPath": "y", "clockValue": 9, "timestamp": 1,
     "value": [' || repeat('1e131071,', 3000) || '1]}]')::jsonb);

DROP OWNED BY regress_synckit_writer;
DROP ROLE regress_synckit_writer;
SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION meddle, rewrite, annotate, nothing, alter_and_try;
