-- The tables: made by synckit_migrate(), the user's own, told apart from the extension's.
SELECT * FROM synckit_schema_status();
SELECT synckit_get_document('d');
SELECT * FROM synckit_apply_delta('d', 'a', 'merge', '', '{}');
SELECT synckit_health() -> 'schema' ->> 'current' AS current;

SELECT synckit_migrate();
SELECT synckit_migrate();
SELECT * FROM synckit_schema_status();
SELECT synckit.schema_version();

-- the columns are contract
SELECT table_name, column_name, coalesce(domain_name, udt_name) AS type, character_maximum_length AS length,
       collation_name AS collation, is_nullable AS nullable
FROM information_schema.columns WHERE table_schema = 'synckit' ORDER BY table_name, ordinal_position;
SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'synckit' ORDER BY indexname;
SELECT attcompression FROM pg_attribute WHERE attrelid = 'synckit.documents'::regclass AND attname = 'state';

-- not members of the extension, so that they are dumped and DROP EXTENSION refuses to drop them in silence
SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'synckit')
    AND (classid, objid) IN (SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace = 'synckit'::regnamespace);
DROP EXTENSION synckit;
-- there is no other version yet; and its objects stay where they are, since the tables name their types
ALTER EXTENSION synckit UPDATE;
ALTER EXTENSION synckit UPDATE TO '9.9';
ALTER EXTENSION synckit SET SCHEMA pg_temp;

-- what is missing is found, whatever the version function says
BEGIN;
DROP INDEX synckit.deltas_xid_seq_idx;
ALTER TABLE synckit.deltas DROP COLUMN server_id;
ALTER TABLE synckit.documents DISABLE TRIGGER zzz_synckit_merge;
ALTER TABLE synckit.tombstones ENABLE REPLICA TRIGGER zzz_synckit_guard;
DROP TRIGGER zzz_synckit_merge ON synckit.deltas;
DROP INDEX synckit.sessions_user_id_idx;
ALTER TABLE synckit.sessions DROP COLUMN metadata;
DROP TRIGGER zzz_synckit_raise ON synckit.vector_clocks;
ALTER VIEW synckit.vector_clocks SET (security_invoker = off);
DROP VIEW synckit.documents_with_clocks;
SELECT current, unnest(problems) FROM synckit_schema_status();
ROLLBACK;
-- firing modes alone are mended: all are ALWAYS, and look at session_replication_role themselves
SELECT DISTINCT tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
WHERE relnamespace = 'synckit'::regnamespace;
ALTER TABLE synckit.documents ENABLE TRIGGER ALL;
ALTER TABLE synckit.deltas DISABLE TRIGGER USER;
ALTER TABLE synckit.tombstones ENABLE REPLICA TRIGGER zzz_synckit_guard;
SELECT current, unnest(problems) FROM synckit_schema_status();
CREATE FUNCTION untouched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER users AFTER INSERT ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION untouched();
ALTER TABLE synckit.deltas DISABLE TRIGGER users;
SELECT synckit_migrate();
SELECT current, problems FROM synckit_schema_status();
SELECT tgenabled, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
WHERE relnamespace = 'synckit'::regnamespace GROUP BY 1 ORDER BY 1;
DROP FUNCTION untouched CASCADE;
BEGIN;
CREATE OR REPLACE FUNCTION synckit.schema_version() RETURNS integer LANGUAGE sql AS 'SELECT 99';
SELECT * FROM synckit_schema_status();
SAVEPOINT s;
SELECT synckit_migrate();
ROLLBACK TO s;
SELECT synckit_get_clock('d');
ROLLBACK;
-- the version function is read, never run
BEGIN;
CREATE OR REPLACE FUNCTION synckit.schema_version() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE 'I was run'; END $$;
SELECT schema_version, current FROM synckit_schema_status();
ROLLBACK;

-- users add what they like
ALTER TABLE synckit.documents ADD COLUMN owner name DEFAULT current_user;
CREATE INDEX ON synckit.documents (owner);
SELECT synckit_migrate(), (SELECT current FROM synckit_schema_status());

-- somebody else's tables are left alone
CREATE ROLE regress_synckit_other;
GRANT CREATE ON DATABASE :DBNAME TO regress_synckit_other;
SET ROLE regress_synckit_other;
SELECT synckit_migrate();
RESET ROLE;

-- what the publisher keeps is the extension's, and granted to nobody but those who watch
SET ROLE regress_synckit_other;
SELECT * FROM _synckit.publisher;
SELECT * FROM synckit_publisher_status;
RESET ROLE;
GRANT pg_monitor TO regress_synckit_other;
SET ROLE regress_synckit_other;
SELECT count(*) FROM _synckit.publisher;
SELECT count(*) FROM synckit_publisher_status;
DELETE FROM _synckit.publisher;
RESET ROLE;
DROP OWNED BY regress_synckit_other;
DROP ROLE regress_synckit_other;

-- every object has a comment
SELECT pg_describe_object(classid, objid, 0)
FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'synckit')
    AND obj_description(objid, classid::regclass::name) IS NULL
    AND pg_describe_object(classid, objid, 0) !~ '^type (vclock|synckit_registers|_synckit\.publisher)\[\]$|^type (synckit_publisher_status|_synckit\.publisher)'
UNION ALL
SELECT 'table ' || oid::regclass FROM pg_class WHERE relnamespace IN ('synckit'::regnamespace, '_synckit'::regnamespace)
    AND relkind IN ('r', 'S', 'v') AND obj_description(oid, 'pg_class') IS NULL
UNION ALL
SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace IN ('synckit'::regnamespace, '_synckit'::regnamespace) AND relkind IN ('r', 'v') AND attnum > 0
    AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL AND attname <> 'owner'
UNION ALL
SELECT 'trigger ' || tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
WHERE relnamespace = 'synckit'::regnamespace AND obj_description(t.oid, 'pg_trigger') IS NULL;

-- every function of ours pins down what it is: none is SECURITY DEFINER
SELECT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'synckit') AND prosecdef;

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
