-- Taking over the database of a SyncKit server in TypeScript: what becomes what, and who is refused.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';

CREATE FUNCTION uuid(n integer) RETURNS uuid LANGUAGE sql AS $$
    SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$;

-- the tables as that server makes them (without its triggers and its indexes on times)
CREATE SCHEMA "Old Server";
SET search_path = "Old Server", public;
CREATE TABLE documents (
    id varchar(255) PRIMARY KEY, state jsonb NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(), version bigint NOT NULL DEFAULT 1);
CREATE TABLE vector_clocks (
    document_id varchar(255) NOT NULL REFERENCES documents (id) ON DELETE CASCADE, client_id varchar(255) NOT NULL,
    clock_value bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (document_id, client_id));
CREATE TABLE deltas (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    document_id varchar(255) NOT NULL CONSTRAINT deltas_fkey REFERENCES documents (id) ON DELETE CASCADE,
    client_id varchar(255) NOT NULL, operation_type varchar(50) NOT NULL, field_path varchar(500) NOT NULL, value jsonb,
    clock_value bigint NOT NULL, "timestamp" timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON deltas (document_id, "timestamp" DESC);
CREATE TABLE sessions (
    id varchar(255) PRIMARY KEY, user_id varchar(255) NOT NULL, client_id varchar(255),
    connected_at timestamptz NOT NULL DEFAULT now(), last_seen timestamptz NOT NULL DEFAULT now(),
    metadata jsonb DEFAULT '{}');

-- a document of fields, as that server leaves it: as many deltas as versions
INSERT INTO documents VALUES
    ('list', '{"id": "list", "fields": {"title": "Groceries", "n": 1.10, "big": 12345678901234567890, "done": false}}',
     '2024-11-01 09:00Z', '2024-11-01 10:00Z', 4);
INSERT INTO vector_clocks VALUES ('list', 'conn-1', 3), ('list', 'conn-2', 9), ('list', 'zero', 0), ('list', '', 4),
    ('list', repeat('ä', 128), 5);
INSERT INTO deltas VALUES
    ('00000000-0000-4000-8000-000000000004', 'list', 'conn-2', 'set', 'done', NULL, 1, '2024-11-01 10:00Z'),
    ('00000000-0000-4000-8000-000000000001', 'list', 'conn-1', 'set', 'title', '"Groceries"', 1, '2024-11-01 09:00Z'),
    ('00000000-0000-4000-8000-000000000003', 'list', 'conn-1', 'delete', 'gone', NULL, 3, '2024-11-01 09:30Z'),
    ('00000000-0000-4000-8000-000000000002', 'list', 'conn-1', 'set', 'n', '1.10', 2, '2024-11-01 09:30Z');
-- more versions than deltas; the clock knows less than the log; a time to come
INSERT INTO documents VALUES ('ahead', '{"fields": {"a": null}}', '2024-11-01 09:00Z', '2999-01-01Z', 7);
INSERT INTO vector_clocks VALUES ('ahead', 'conn-1', 1);
INSERT INTO deltas VALUES
    ('00000000-0000-4000-8000-000000000011', 'ahead', 'conn-1', 'set', 'a', '1', 1, '2024-11-01 09:00Z'),
    ('00000000-0000-4000-8000-000000000012', 'ahead', 'conn-1', 'set', 'a', 'null', 251, '2999-01-01Z');
-- more deltas than versions; some that are none
INSERT INTO documents VALUES ('behind', '{"fields": {"a": 3, "": 1}}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 1);
INSERT INTO deltas VALUES
    ('00000000-0000-4000-8000-000000000021', 'behind', 'x', 'set', 'a', '1', 1, '2024-11-01 09:01Z'),
    ('00000000-0000-4000-8000-000000000022', 'behind', 'x', 'set', 'a', '2', 2, '2024-11-01 09:02Z'),
    ('00000000-0000-4000-8000-000000000023', 'behind', 'x', 'text', 'a', '3', 3, '2024-11-01 09:03Z'),
    ('00000000-0000-4000-8000-000000000024', 'behind', '', 'set', 'a', '3', 3, '2024-11-01 09:03Z'),
    ('00000000-0000-4000-8000-000000000025', 'behind', 'x', 'set', '', '3', 3, '2024-11-01 09:03Z'),
    ('00000000-0000-4000-8000-000000000026', 'behind', 'x', 'delete', '', '3', 3, '2024-11-01 09:03Z'),
    ('00000000-0000-4000-8000-000000000027', 'behind', 'x', 'merge', '', '3', 3, '2024-11-01 09:03Z'),
    ('00000000-0000-4000-8000-000000000028', 'behind', 'x', 'set', 'a', '3', 0, '2024-11-01 09:03Z'),
    ('00000000-0000-4000-8000-000000000029', 'behind', 'x', 'merge', '', '{"a": 3}', 3, '2024-11-01 09:04Z');
-- a text; a state of another shape; one that is no object; one without fields
INSERT INTO documents VALUES
    ('list:text:1',
     '{"type": "text", "content": "hi", "crdt": "{\"blocks\": [], \"clock\": {\"value\": 2}}", "clock": 17}',
     '2024-11-01 09:00Z', '2024-11-01 09:00Z', 2),
    ('other', '{"type": "text", "content": "hi", "fields": 1}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 1),
    ('array', '[1, 2]', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 1),
    ('', '{}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 1),
    ('empty', '{"id": "empty", "fields": {}}', '-infinity', 'infinity', 0);
-- a document of which only deltas are left: the foreign key says that there is none
ALTER TABLE deltas DROP CONSTRAINT deltas_fkey;
INSERT INTO deltas VALUES
    ('00000000-0000-4000-8000-000000000031', 'deleted', 'sql', 'set', 'a', '1', 5, '2024-11-01 09:00Z'),
    ('00000000-0000-4000-8000-000000000032', 'deleted', 'x', 'set', 'b', '2', 1, '2024-11-01 09:01Z'),
    ('00000000-0000-4000-8000-000000000041', 'no delta', 'x', 'text', 'b', '2', 1, '2024-11-01 09:01Z');
INSERT INTO sessions VALUES
    ('s1', 'u1', 'conn-1', '2024-11-01 09:00Z', '2024-11-01 09:01Z', '{"browser": "x"}'),
    ('s2', 'u1', NULL, '2024-11-01 09:00Z', '2024-11-01 09:01Z', NULL);
RESET search_path;
SET TimeZone = 'UTC';

-- a document that is here already is left alone, whatever the source says of it
INSERT INTO "Old Server".documents VALUES ('ours', '{"fields": {"a": 1}}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 9),
    ('ours once', '{"fields": {"a": 1}}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 9);
SELECT outcome FROM synckit_apply_delta('ours', 'alice', 'set', 'a', '2');
SELECT outcome FROM synckit_apply_delta('ours once', 'alice', 'set', 'a', '2');
SELECT outcome FROM synckit_apply_delta('ours once', 'alice', 'delete', '');

-- not where it could not commit
BEGIN;
CALL synckit_import('Old Server');
ROLLBACK;
DO $$ BEGIN BEGIN CALL synckit_import('Old Server'); EXCEPTION WHEN division_by_zero THEN NULL; END; END $$;
CREATE FUNCTION call_it() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL synckit_import('Old Server'); END $$;
SELECT call_it();
DROP FUNCTION call_it;
-- not from what is no such schema
CALL synckit_import(NULL);
CALL synckit_import('nowhere');
CALL synckit_import('synckit');
CREATE SCHEMA half;
CREATE TABLE half.documents (id text, state jsonb, version bigint, created_at timestamptz);
CREATE TABLE half.deltas (id uuid, document_id text);
CALL synckit_import('half');
CREATE TABLE half.vector_clocks (document_id text, client_id text, clock_value bigint);
CREATE TABLE half.sessions (id text, user_id text, client_id text, connected_at timestamptz, last_seen timestamptz,
    metadata jsonb);
CALL synckit_import('half');
\set VERBOSITY sqlstate
CALL synckit_import('half');
DROP TABLE half.sessions;
CALL synckit_import('half');
\set VERBOSITY default
DROP SCHEMA half CASCADE;
-- not by anybody else
CREATE ROLE regress_import_guest;
GRANT USAGE ON SCHEMA synckit, "Old Server" TO regress_import_guest;
GRANT SELECT ON ALL TABLES IN SCHEMA "Old Server" TO regress_import_guest;
GRANT ALL ON ALL TABLES IN SCHEMA synckit TO regress_import_guest;
SET ROLE regress_import_guest;
CALL synckit_import('Old Server');
RESET ROLE;
DROP OWNED BY regress_import_guest;
DROP ROLE regress_import_guest;
SELECT count(*) FROM synckit.documents;

SET search_path = '';
CALL public.synckit_import('Old Server');
SHOW search_path;
RESET search_path;
SET TimeZone = 'UTC';
SELECT id, state, version, clock, registers FROM synckit.documents WHERE id <> 'ours' ORDER BY id;
SELECT id, created_at, updated_at FROM synckit.documents WHERE id NOT IN ('ours', 'empty') ORDER BY id;
SELECT created_at = updated_at AND created_at > now() - interval '1 hour' AS now FROM synckit.documents
WHERE id = 'empty';
SELECT state, version FROM synckit.documents WHERE id = 'ours';
SELECT document_id, version, right(id::text, 2) AS id, client_id, operation_type AS op, field_path AS field, value,
       clock_value AS number, "timestamp", outcome, changed_fields AS changed, clock, seen, server_id, xid
FROM synckit.deltas WHERE xid IS NULL AND document_id <> 'deleted' ORDER BY document_id, version;
SELECT version, client_id, operation_type AS op, field_path AS field, value, clock_value AS number,
       "timestamp" > now() - interval '1 hour' AS now, xid
FROM synckit.deltas WHERE document_id = 'deleted' ORDER BY version;
SELECT id, version, clock, registers::text ~ '^\{"dead": ?\[\d+, ?"sql", ?6\]\}$' AS dead
FROM synckit.tombstones ORDER BY id;
SELECT * FROM synckit.sessions ORDER BY id;
-- stamps are the times, in ticks; lamports rise, above every stamp, and the document's is the last
SELECT version, stamp, stamp / 1024 = extract(epoch FROM "timestamp") * 1000 AS is_time, lamport - stamp AS above
FROM synckit.deltas WHERE document_id = 'list' ORDER BY version;
SELECT bool_and(d.stamp < d.lamport), bool_and(coalesce(d.lamport - before >= 64, true)), bool_and(seq > seq_before)
FROM (SELECT d.*, lag(lamport) OVER w AS before, coalesce(lag(seq) OVER w, 0) AS seq_before
      FROM synckit.deltas d WINDOW w AS (PARTITION BY document_id ORDER BY version)) d;
SELECT k.id, k.lamport = d.lamport AS last, k.lamport / 1024 <= extract(epoch FROM now()) * 1000 AS past
FROM synckit.documents k JOIN synckit.deltas d ON d.document_id = k.id AND d.version = k.version WHERE k.id <> 'ours'
ORDER BY 1;
-- each log is an unbroken run that ends at its document's version
SELECT id, version, runs_to, runs_to - runs_from + 1 = number AS unbroken
FROM (SELECT id, version FROM synckit.documents UNION ALL SELECT id, version FROM synckit.tombstones) k
LEFT JOIN (SELECT document_id, min(version) AS runs_from, max(version) AS runs_to, count(*) AS number
           FROM synckit.deltas GROUP BY 1) d ON d.document_id = k.id ORDER BY id;
-- a clock covers all numbers of the log
SELECT count(*) FROM synckit.deltas d
JOIN (SELECT id, clock FROM synckit.documents UNION ALL SELECT id, clock FROM synckit.tombstones) k
    ON k.id = d.document_id
WHERE vclock_get(k.clock, d.client_id) < d.clock_value;
SELECT problems FROM synckit_schema_status();

-- once more: nothing twice
CREATE TEMP TABLE before AS SELECT 'document' AS kind, id, k::text AS text FROM synckit.documents k
    UNION ALL SELECT 'delta', id::text, d::text FROM synckit.deltas d
    UNION ALL SELECT 'tombstone', id, t::text FROM synckit.tombstones t
    UNION ALL SELECT 'session', id, s::text FROM synckit.sessions s;
CALL synckit_import('Old Server');
TABLE before EXCEPT ALL (SELECT 'document' AS kind, id, k::text AS text FROM synckit.documents k
    UNION ALL SELECT 'delta', id::text, d::text FROM synckit.deltas d
    UNION ALL SELECT 'tombstone', id, t::text FROM synckit.tombstones t
    UNION ALL SELECT 'session', id, s::text FROM synckit.sessions s);
SELECT (SELECT count(*) FROM before) = (SELECT count(*) FROM synckit.documents)
    + (SELECT count(*) FROM synckit.deltas) + (SELECT count(*) FROM synckit.tombstones)
    + (SELECT count(*) FROM synckit.sessions) AS nothing_new;
-- triggers of yours may keep documents out, but not tear holes into a log; ids of deltas are unique
INSERT INTO "Old Server".documents VALUES ('unwanted', '{"fields": {}}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 1),
    ('wanted', '{"fields": {}}', '2024-11-01 09:00Z', '2024-11-01 09:00Z', 2);
INSERT INTO "Old Server".deltas VALUES
    ('00000000-0000-4000-8000-000000000061', 'wanted', 'x', 'set', 'a', '1', 1, '2024-11-01 09:00Z'),
    ('00000000-0000-4000-8000-000000000062', 'wanted', 'x', 'delete', 'a', '1', 2, '2024-11-01 09:00Z');
SELECT outcome FROM synckit_apply_delta('ours', 'alice', 'set', 'a', '3', id => '00000000-0000-4000-8000-000000000061');
CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep_out BEFORE INSERT ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION keep_out();
\set VERBOSITY terse
CALL synckit_import('Old Server');
DROP TRIGGER keep_out ON synckit.deltas;
CREATE TRIGGER keep_out BEFORE INSERT ON synckit.documents FOR EACH ROW WHEN (NEW.id = 'unwanted')
    EXECUTE FUNCTION keep_out();
\set VERBOSITY default
CALL synckit_import('Old Server');
DROP FUNCTION keep_out CASCADE;
DELETE FROM "Old Server".documents WHERE id = 'unwanted';
SELECT k.version, d.version, d.operation_type, d.value
FROM synckit.documents k JOIN synckit.deltas d ON d.document_id = k.id
WHERE k.id = 'wanted';

-- what was left out comes with the next call once it is mended; whatever the schema is called
ALTER SCHEMA "Old Server" RENAME TO "O""ld'; $1 @extschema@ @source@";
DELETE FROM "O""ld'; $1 @extschema@ @source@".documents WHERE id = '';
UPDATE "O""ld'; $1 @extschema@ @source@".documents SET state = '{"fields": {"mended": true}}' WHERE id = 'array';
CALL synckit_import('O"ld''; $1 @extschema@ @source@');
SELECT state FROM synckit.documents WHERE id = 'array';

-- writes go on from there: versions, numbers, lamports; what was imported loses to any of them
SELECT lamport AS before FROM synckit.documents WHERE id = 'list' \gset
SELECT version, clock_value, outcome, lamport > :before AS rises
FROM synckit_apply_delta('list', 'conn-2', 'set', 'title', '"Shopping"', "timestamp" => '2024-06-01Z');
SELECT version, clock_value, outcome FROM synckit_apply_delta('ahead', 'conn-1', 'set', 'a', '5');
SELECT version, clock_value, outcome FROM synckit_apply_delta('list:text:1', 'conn-1', 'set', 'text:conn-1', '"{}"');
SELECT outcome FROM synckit_apply_delta('list', 'conn-1', 'set', 'n', '7',
    id => '00000000-0000-4000-8000-000000000002');
UPDATE synckit.documents SET state = state || '{"done": true}' WHERE id = 'list';
DELETE FROM synckit.documents WHERE id = 'empty';
SELECT version, outcome FROM synckit_apply_delta('deleted', 'y', 'set', 'a', '1', "timestamp" => '2024-06-01Z');
SELECT version, outcome FROM synckit_apply_delta('deleted', 'y', 'set', 'a', '1');
SELECT id, state, version, clock FROM synckit.documents WHERE id IN ('list', 'ahead', 'list:text:1', 'empty', 'deleted')
ORDER BY id;
DROP SCHEMA "O""ld'; $1 @extschema@ @source@" CASCADE;

-- times without time zone are of the session's time zone; views do as tables do
CREATE SCHEMA local;
CREATE TABLE local.documents (id text PRIMARY KEY, state jsonb, created_at timestamp, updated_at timestamp,
    version int);
CREATE TABLE local.vector_clocks (document_id text, client_id text, clock_value numeric);
CREATE TABLE local.audit (id uuid, document_id text, client_id text, operation_type text, field_path text, value jsonb,
    clock_value int, "timestamp" timestamp);
CREATE VIEW local.deltas AS TABLE local.audit;
CREATE VIEW local.sessions AS SELECT ''::text AS id, ''::text AS user_id, ''::text AS client_id, now() AS connected_at,
    now() AS last_seen, NULL::jsonb AS metadata WHERE false;
INSERT INTO local.documents VALUES ('local', '{"fields": {}}', '2024-07-01 12:00', NULL, NULL),
    (repeat('x', 256), '{"fields": {}}', NULL, NULL, NULL), ('null', NULL, NULL, NULL, NULL);
INSERT INTO local.vector_clocks VALUES ('local', 'a', 3), ('local', NULL, 3), ('local', 'b', NULL);
INSERT INTO local.audit VALUES
    ('00000000-0000-4000-8000-000000000051', 'local', 'a', 'set', 'f', '1', 1, '2024-07-01 12:00'),
    (NULL, 'local', 'a', 'set', 'f', '1', 1, '2024-07-01 12:00'),
    ('00000000-0000-4000-8000-000000000052', 'local', 'a', 'set', repeat('f', 501), '1', 1, '2024-07-01 12:00');
SET TimeZone = 'Europe/Berlin';
-- a block that is no transaction of its own may call it, in a loop, too
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname = 'local' LOOP CALL synckit_import(name); END LOOP;
END $$;
SET TimeZone = 'UTC';
SELECT k.created_at, k.version, k.clock, d."timestamp"
FROM synckit.documents k JOIN synckit.deltas d ON d.document_id = k.id WHERE k.id = 'local';
DROP SCHEMA local CASCADE;

-- a source without keys: what has no id, or an id that another has; versions that are none
CREATE SCHEMA loose
    CREATE TABLE documents (id text, state jsonb, version numeric, created_at timestamptz, updated_at timestamptz)
    CREATE TABLE vector_clocks (document_id text, client_id text, clock_value bigint)
    CREATE TABLE deltas (id uuid, document_id text, client_id text, operation_type text, field_path text, value jsonb,
        clock_value bigint, "timestamp" timestamptz)
    CREATE TABLE sessions (id text, user_id text, client_id text, connected_at timestamptz, last_seen timestamptz,
        metadata jsonb);
INSERT INTO loose.documents VALUES
    (NULL, '{"fields": {}}', 1), (NULL, '{"fields": {}}', 1),
    ('one', '{"fields": {"x": 1}}', 1), ('second', '{"fields": {"x": 2}}', 3),
    ('twice', '{"fields": {"x": 1}}', 6), ('twice', '{"fields": {"x": 2}}', 7), ('twice', '{"fields": {"x": 0}}', NULL),
    ('negative', '{"fields": {"x": 1}}', -5),
    ('most', '{"fields": {"x": 1}}', 1000000000000000), ('too many', '{"fields": {"x": 1}}', 1000000000000001),
    ('far too many', '{"fields": {"x": 1}}', 9223372036854775807), ('beyond', '{"fields": {"x": 1}}', 1e30);
INSERT INTO loose.vector_clocks VALUES (NULL, 'a', 1), ('twice', 'a', 3), ('twice', 'a', 4);
INSERT INTO loose.deltas VALUES
    (uuid(91), 'second', 'a', 'set', 'x', '2', 1, '2024-11-01 09:01Z'),
    (uuid(91), 'one', 'a', 'set', 'x', '1', 1, '2024-11-01 09:00Z'),
    (uuid(91), 'one', 'a', 'text', 'x', '1', 1, '2024-11-01 08:59Z'),
    (uuid(92), 'second', 'a', 'set', 'x', '2', 2, '2024-11-01 09:02Z'),
    (uuid(93), 'twice', 'a', 'set', 'x', '2', 2, '2024-11-01 09:02Z'),
    (uuid(93), 'twice', 'a', 'set', 'x', '2', 2, '2024-11-01 09:02Z'),
    (uuid(94), NULL, 'a', 'set', 'x', '2', 2, '2024-11-01 09:02Z'),
    (uuid(91), 'gone', 'a', 'set', 'x', '1', 1, '2024-11-01 09:00Z');
INSERT INTO loose.sessions (id, user_id) VALUES (NULL, 'u');
CALL synckit_import('loose');
SELECT id, state, version, clock FROM synckit.documents k WHERE EXISTS (SELECT FROM loose.documents o WHERE o.id = k.id)
ORDER BY id;
SELECT d.id, document_id, version, d.value FROM synckit.deltas d JOIN loose.deltas o USING (id, document_id)
GROUP BY 1, 2, 3 ORDER BY 1;
-- whatever was taken can be written on
SELECT document, version, outcome
FROM unnest('{one,second,twice,negative,most}'::text[]) document, synckit_apply_delta(document, 'b', 'set', 'x', '9');
-- and a second call finds nothing but what is left out
CALL synckit_import('loose');
DROP SCHEMA loose CASCADE;
DROP FUNCTION uuid;

-- an owner who is no superuser: needs to read the source, and no more
SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
CREATE ROLE regress_import_owner;
CREATE ROLE regress_import_member IN ROLE regress_import_owner;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_import_owner', current_database()) \gexec
CREATE SCHEMA small
    CREATE TABLE documents (id text, state jsonb, version bigint, created_at timestamptz, updated_at timestamptz)
    CREATE TABLE vector_clocks (document_id text, client_id text, clock_value bigint)
    CREATE TABLE deltas (id uuid, document_id text, client_id text, operation_type text, field_path text, value jsonb,
        clock_value bigint, "timestamp" timestamptz)
    CREATE TABLE sessions (id text, user_id text, client_id text, connected_at timestamptz, last_seen timestamptz,
        metadata jsonb);
INSERT INTO small.documents VALUES ('a', '{"fields": {"x": 1}}', 1, '2024-11-01', '2024-11-01');
INSERT INTO small.deltas VALUES
    ('00000000-0000-4000-8000-000000000071', 'a', 'c', 'set', 'x', '1', 1, '2024-11-01'),
    ('00000000-0000-4000-8000-000000000072', 'gone', 'c', 'set', 'x', '1', 1, '2024-11-01');
INSERT INTO small.sessions (id, user_id) VALUES ('s', 'u'), ('t', NULL), (repeat('s', 256), 'u');
SET ROLE regress_import_owner;
SELECT synckit_migrate();
RESET client_min_messages;
\set VERBOSITY terse
CALL synckit_import('small');
RESET ROLE;
GRANT USAGE ON SCHEMA small TO regress_import_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA small TO regress_import_owner;
SET ROLE regress_import_member;
CALL synckit_import(source_schema => 'small');
RESET ROLE;
SELECT id, version, state FROM synckit.documents;
SELECT id, version FROM synckit.tombstones;
SELECT document_id, version, xid FROM synckit.deltas ORDER BY document_id, version;
SELECT id FROM synckit.sessions;

-- before synckit_migrate()
SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
\set VERBOSITY sqlstate
CALL synckit_import('small');
DROP SCHEMA small CASCADE;
DROP OWNED BY regress_import_owner;
DROP ROLE regress_import_member, regress_import_owner;
