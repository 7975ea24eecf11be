-- The schema: whose it has to be, since its owner can drop the tables, and what is said when some of it is missing.
\set SHOW_CONTEXT never
CREATE ROLE regress_synckit_evil;
CREATE ROLE regress_synckit_owner;
CREATE ROLE regress_synckit_member IN ROLE regress_synckit_owner;
GRANT CREATE ON DATABASE :DBNAME TO regress_synckit_evil, regress_synckit_owner;

-- made beforehand by somebody else: neither a superuser's tables nor another role's go there
SET ROLE regress_synckit_evil;
CREATE SCHEMA synckit;
GRANT ALL ON SCHEMA synckit TO PUBLIC;
RESET ROLE;
SELECT synckit_migrate();
SET ROLE regress_synckit_owner;
SELECT synckit_migrate();
RESET ROLE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'synckit'::regnamespace;
-- its owner may, as anybody may who can create a schema; a superuser then looks after the tables
SET ROLE regress_synckit_evil;
BEGIN;
SELECT synckit_migrate();
RESET ROLE;
SELECT synckit_migrate();
ROLLBACK;
RESET ROLE;
-- a schema of the owner's group is one of the group's other members, too
ALTER SCHEMA synckit OWNER TO regress_synckit_owner;
SET ROLE regress_synckit_member;
SELECT synckit_migrate();
-- as the hint says
SET ROLE regress_synckit_owner;
SELECT synckit_migrate();
-- from then on whoever may act for the tables' owner
SET ROLE regress_synckit_member;
SELECT synckit_migrate();
RESET ROLE;
SET client_min_messages = warning;
SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'synckit';
DROP SCHEMA synckit CASCADE;
-- superusers are one owner, but to nobody else: CREATE SCHEMA … AUTHORIZATION is how they make one for others
CREATE ROLE regress_synckit_super SUPERUSER;
CREATE SCHEMA synckit AUTHORIZATION regress_synckit_super;
GRANT CREATE, USAGE ON SCHEMA synckit TO regress_synckit_owner;
SET ROLE regress_synckit_owner;
SELECT synckit_migrate();
RESET ROLE;
SELECT synckit_migrate();
DROP SCHEMA synckit CASCADE;

-- synckit_migrate() brings nothing back: where something is left, no error sends people to it
SELECT synckit_migrate();
CREATE FUNCTION break_and_try(statement text, OUT call text, OUT code text, OUT detail text, OUT hint text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    calls text[] := ARRAY['synckit_apply_delta(''d'', ''a'', ''set'', ''x'', ''1'')', 'synckit_get_document(''d'')', 'synckit_migrate()'];
BEGIN
    FOREACH call IN ARRAY calls LOOP
        BEGIN
            EXECUTE statement;
            code := NULL;
            detail := NULL;
            hint := NULL;
            BEGIN
                EXECUTE 'SELECT ' || call;
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL,
                    hint = PG_EXCEPTION_HINT;
            END;
            RAISE SQLSTATE 'ZZZZZ';
        EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
            RETURN NEXT;
        END;
    END LOOP;
END $$;
SELECT t.call, code, left(detail, 60) AS detail, left(hint, 50) AS hint, statement FROM unnest(ARRAY[
    'ALTER TABLE synckit.documents RENAME TO papers',
    'ALTER TABLE synckit.deltas SET SCHEMA public',
    'DROP TABLE synckit.documents CASCADE',
    'DROP TABLE synckit.tombstones CASCADE',
    'ALTER SEQUENCE synckit.deltas_seq RENAME TO seq',
    'DROP VIEW synckit.vector_clocks',
    'DROP FUNCTION synckit.schema_version()',
    'DROP FUNCTION synckit.schema_version(); ALTER TABLE synckit.documents RENAME TO papers',
    'ALTER SCHEMA synckit RENAME TO elsewhere',
    'DROP SCHEMA synckit CASCADE']) WITH ORDINALITY s (statement, n), break_and_try(statement) t ORDER BY n;
BEGIN;
DROP FUNCTION synckit.schema_version();
SELECT current, problems FROM synckit_schema_status();
ROLLBACK;
DROP FUNCTION break_and_try;
DROP SCHEMA synckit CASCADE;

-- the publisher's own schema is the extension's, made with it or not at all
DROP EXTENSION synckit;
SET ROLE regress_synckit_evil;
CREATE SCHEMA _synckit;
RESET ROLE;
CREATE EXTENSION synckit;
DROP SCHEMA _synckit;
CREATE EXTENSION synckit;

DROP OWNED BY regress_synckit_evil, regress_synckit_owner, regress_synckit_member;
DROP ROLE regress_synckit_super, regress_synckit_evil, regress_synckit_owner, regress_synckit_member;
