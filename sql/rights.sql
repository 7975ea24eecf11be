-- Rights: the functions run as their caller, row-level security is obeyed, stamps are for those who may.
SELECT synckit_migrate();
\set SHOW_CONTEXT never
CREATE ROLE regress_synckit_writer;
CREATE ROLE regress_synckit_reader;
CREATE ROLE regress_synckit_replica;
GRANT USAGE ON SCHEMA synckit TO regress_synckit_writer, regress_synckit_reader, regress_synckit_replica;
GRANT SELECT ON ALL TABLES IN SCHEMA synckit TO regress_synckit_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON synckit.documents, synckit.tombstones TO regress_synckit_writer, regress_synckit_replica;
GRANT SELECT, INSERT ON synckit.deltas TO regress_synckit_writer, regress_synckit_replica;

SET ROLE regress_synckit_reader;
SELECT * FROM synckit_get_document('d');
SELECT version FROM synckit_apply_delta('d', 'r', 'set', 'x', '1');
SELECT * FROM synckit_apply_deltas('[{"documentId": "d", "clientId": "r", "operationType": "set", "fieldPath": "x", "value": 1}]');

-- the writer needs no right on the sequence: the function draws from it
SET ROLE regress_synckit_writer;
SELECT version, outcome FROM synckit_apply_delta('d', 'w', 'set', 'x', '1');
SELECT version, outcome FROM synckit_apply_delta('d', 'w', 'delete', '');
SELECT version, outcome FROM synckit_apply_delta('d', 'w', 'set', 'x', '2');
-- a stamp is for owners, superusers and members of synckit_replicator
SELECT version FROM synckit_apply_delta('d', 'w', 'set', 'x', '3', stamp => 1);
SELECT error_code, error_message FROM synckit_apply_deltas('[{"documentId": "d", "clientId": "w", "operationType": "set", "fieldPath": "x", "value": 3, "stamp": 1}]');
RESET ROLE;
CREATE ROLE synckit_replicator;
GRANT synckit_replicator TO regress_synckit_replica;
SET ROLE regress_synckit_replica;
SELECT version, outcome FROM synckit_apply_delta('d', 'w', 'set', 'x', '3', stamp => 1);
RESET ROLE;

-- row-level security: what the caller may not see or write is 42501, and nothing is half done
ALTER TABLE synckit.documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON synckit.documents TO regress_synckit_writer USING (id LIKE 'w:%');
CREATE POLICY see ON synckit.documents FOR SELECT TO regress_synckit_reader USING (id LIKE 'w:%');
SET ROLE regress_synckit_writer;
SELECT version, outcome FROM synckit_apply_delta('w:1', 'w', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('d', 'w', 'set', 'x', '9');
SELECT version FROM synckit_apply_delta('new', 'w', 'set', 'x', '9');
SELECT * FROM synckit_get_document('d');
SELECT synckit_get_clock('d');
SELECT synckit_merge_clock('d', '{"w": 100}');
SELECT * FROM synckit_apply_deltas('[
    {"documentId": "w:2", "clientId": "w", "operationType": "set", "fieldPath": "x", "value": 1},
    {"documentId": "d", "clientId": "w", "operationType": "set", "fieldPath": "x", "value": 1}]');
RESET ROLE;
SELECT id, version FROM synckit.documents ORDER BY id;
SELECT count(*) FROM synckit.deltas WHERE version IS NULL OR document_id IN ('new', 'w:2');
ALTER TABLE synckit.deltas ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_only ON synckit.deltas FOR SELECT TO regress_synckit_writer USING (true);
SET ROLE regress_synckit_writer;
SELECT version FROM synckit_apply_delta('w:1', 'w', 'set', 'x', '2');
RESET ROLE;
SELECT state, version FROM synckit.documents WHERE id = 'w:1';

-- an id that is hidden is refused as one of another document is, and takes no others with it; one that is not is a duplicate
DROP POLICY read_only ON synckit.deltas;
CREATE POLICY own ON synckit.deltas TO regress_synckit_writer USING (document_id LIKE 'w:%');
SELECT outcome FROM synckit_apply_delta('d', 'r', 'set', 'y', '1', id => '00000000-0000-4000-8000-000000000001');
SET ROLE regress_synckit_writer;
SELECT version, outcome FROM synckit_apply_delta('w:1', 'w', 'set', 'y', '1', id => '00000000-0000-4000-8000-000000000002');
SELECT synckit_apply_delta('w:1', 'w', 'set', 'y', '2', id => '00000000-0000-4000-8000-000000000001');
SELECT ordinality, version, outcome, error_code, error_message FROM synckit_apply_deltas('[
    {"documentId": "w:1", "clientId": "w", "operationType": "set", "fieldPath": "y", "value": 3},
    {"documentId": "w:1", "clientId": "w", "operationType": "set", "fieldPath": "y", "value": 4, "id": "00000000-0000-4000-8000-000000000001"},
    {"documentId": "w:3", "clientId": "w", "operationType": "set", "fieldPath": "y", "value": 4, "id": "00000000-0000-4000-8000-000000000001"},
    {"documentId": "w:1", "clientId": "w", "operationType": "set", "fieldPath": "y", "value": 5, "id": "00000000-0000-4000-8000-000000000002"},
    {"documentId": "w:1", "clientId": "w", "operationType": "set", "fieldPath": "y", "value": 6, "id": "00000000-0000-4000-8000-000000000003"}]');
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value)
    VALUES ('00000000-0000-4000-8000-000000000001', 'w:1', 'set', 'y', '7');
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value)
    VALUES ('00000000-0000-4000-8000-000000000002', 'w:1', 'set', 'y', '7') RETURNING version;
RESET ROLE;
SELECT id, state, version FROM synckit.documents ORDER BY id;

-- nothing of ours is found by search_path
CREATE SCHEMA evil;
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
CREATE FUNCTION evil.eq(varchar, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = evil.eq);
CREATE FUNCTION evil.eq("char", "char") RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = evil.eq);
CREATE FUNCTION evil.eq(bigint, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = evil.eq);
CREATE FUNCTION evil.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
SET search_path = evil, pg_catalog;
SELECT outcome FROM public.synckit_apply_delta('w:1', 'w', 'set', 'x', '3');
SELECT current FROM public.synckit_schema_status();
SELECT public.synckit_migrate();
SET search_path = '';
SELECT outcome FROM public.synckit_apply_delta('w:1', 'w', 'set', 'x', '4');
SELECT state FROM public.synckit_get_document('w:1');
RESET search_path;
DROP SCHEMA evil CASCADE;

DROP OWNED BY regress_synckit_writer, regress_synckit_reader, regress_synckit_replica;
DROP ROLE regress_synckit_writer, regress_synckit_reader, regress_synckit_replica, synckit_replicator;

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
