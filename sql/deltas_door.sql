-- Plain INSERT and COPY into synckit.deltas: merged as the functions merge.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
CREATE VIEW log AS SELECT document_id AS document, version, client_id AS client, clock_value AS number,
    operation_type AS operation,
    field_path AS field, value, outcome, changed_fields AS changed FROM synckit.deltas ORDER BY document_id, version;
\getenv abs_srcdir PG_ABS_SRCDIR
\set disagreements :abs_srcdir '/test/sql/disagreements.sql'
\i :disagreements
CREATE FUNCTION uuid(i int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid $$;

-- what is decided comes back
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('d', 'set', 'a', '1')
RETURNING client_id, clock_value, version, outcome, changed_fields, clock, server_id, xid = pg_current_xact_id() AS xid,
    lamport > stamp AS lamport,
    seen, timestamp <= clock_timestamp() AS timestamp, seq;
SELECT state, version, clock FROM synckit.documents;
INSERT INTO synckit.deltas (document_id, client_id, operation_type, value, clock_value, clock, timestamp, server_id)
VALUES ('d', 'c', 'merge', '{"a": 2, "b": 2}', 7, '{"sql": 99, "none": 1}', '2001-01-01', 'there')
RETURNING clock_value, field_path, version, outcome, changed_fields, clock, seen, timestamp = '2001-01-01' AS timestamp,
    server_id;
-- superseded deltas are logged and counted
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, timestamp) VALUES
    ('d', 'late', 'set', 'a', '"late"', '2001-01-01'), ('d', 'late', 'delete', 'b', NULL, '2001-01-01')
RETURNING clock_value, version, outcome, changed_fields;
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, timestamp)
    VALUES ('d', 'late', 'merge', NULL, '{"a": 0, "c": 0}', '2001-01-01')
RETURNING version, outcome, changed_fields;
SELECT state, version FROM synckit.documents;

-- each row is by the client that the session was as it came, whatever becomes of the setting
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    SELECT 'g', 'set', set_config('synckit.client_id', 'client number ' || g, false), '1' FROM generate_series(1, 3) g
    RETURNING client_id, field_path;
SELECT clock, registers::text LIKE '%"client number 1", 1%"client number 2", 1%"client number 3", 1%' AS registers
    FROM synckit.documents WHERE id = 'g';
RESET synckit.client_id;
DELETE FROM synckit.documents WHERE id = 'g';

-- many rows, many documents; a document that is born, dies and is born again within a statement
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value)
SELECT 'm' || g % 3, 'c' || g % 2, 'set', 'f' || g, to_jsonb(g) FROM generate_series(1, 9) g
    RETURNING document_id, version, clock_value;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES
    ('x', 'set', 'a', '1'), ('y', 'delete', '', NULL), ('x', 'delete', '', NULL), ('m1', 'delete', '', NULL), ('x',
        'set', 'b', '2'),
    ('m2', 'delete', '', NULL), ('m2', 'merge', '', '{}'), ('z', 'delete', 'no such field', NULL), ('m0', 'delete',
        'f3', NULL)
RETURNING document_id, version, outcome;
SELECT id, state, version FROM synckit.documents ORDER BY id;
SELECT id, version FROM synckit.tombstones ORDER BY id;
-- back from the tombstone; later in the statement it is superseded
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, timestamp) VALUES
    ('m1', 'set', 'old', '1', '2001-01-01'), ('m1', 'set', 'new', '1', NULL), ('m1', 'set', 'old', '1', '2001-01-01')
RETURNING version, outcome;
SELECT id, state, version FROM synckit.documents WHERE id = 'm1';

-- ids
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'i', 'set', 'a', '1')
    RETURNING id, version;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'i', 'set', 'a', '2')
    RETURNING id, version;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'i', 'set', 'a', '2')
    ON CONFLICT DO NOTHING;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'i', 'set', 'a', '2')
    ON CONFLICT (id) DO NOTHING;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'i', 'set', 'a', '2')
    ON CONFLICT (id) DO UPDATE SET value = excluded.value;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value)
VALUES (uuid(2), 'i', 'set', 'a', '2'), (uuid(1), 'i', 'set', 'a', '3'), (uuid(2), 'i', 'set', 'a', '4'), (uuid(3), 'i',
    'set', 'b', '5') RETURNING id, version;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value)
    VALUES (uuid(1), 'other', 'set', 'a', '1');
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value)
    VALUES (uuid(4), 'i', 'set', 'a', '1'), (uuid(4), 'other', 'set', 'a', '1');
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (NULL, 'i', 'set', 'c', '1')
    RETURNING id IS NOT NULL AS has_id, version;
-- a duplicate creates nothing
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path) VALUES (uuid(5), 'i', 'delete', '')
    RETURNING version;
INSERT INTO synckit.deltas (id, document_id, operation_type, field_path, value) VALUES (uuid(1), 'i', 'set', 'a', '1')
    RETURNING version;
SELECT version FROM synckit.tombstones WHERE id = 'i';
SELECT * FROM log WHERE document = 'i';
-- the number and the timestamp of a delta that was sent again do not make it a duplicate here: the column has a default
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, clock_value, timestamp)
SELECT 'n', 'c', 'set', 'a', '1', 5, '2001-01-01' FROM generate_series(1, 2) RETURNING clock_value, version;

-- what is refused, each time with all of its statement
SELECT count(*), sum(version) FROM synckit.documents;
\set VERBOSITY terse
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('bad', 'set', 'a', '1'), ('bad', 'put', 'a', '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('bad', 'set', 'a', '1'), (NULL, 'set', 'a', '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('bad', 'set', 'a', '1'), ('', 'set', 'a', '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', NULL, 'a', '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'set', NULL, '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'set', '', '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'set', 'a', NULL);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'delete', NULL, NULL);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'delete', 'a', 'null');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'merge', 'a', '{}');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'merge', '', '[]');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('bad', 'merge', '', '{"": 1}');
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value)
    VALUES ('bad', '', 'set', 'a', '1');
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value)
    VALUES ('bad', repeat('é', 128), 'set', 'a', '1');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, timestamp)
    VALUES ('bad', 'set', 'a', '1', 'infinity');
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, clock_value)
    VALUES ('bad', 'set', 'a', '1', 0);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, clock_value)
    VALUES ('bad', 'set', 'a', '1', 9223372036854775807);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, seen) VALUES ('bad', 'set', 'a', '1', -1);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, server_id)
    VALUES ('bad', 'set', 'a', '1', repeat('s', 256));
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, stamp) VALUES ('bad', 'set', 'a', '1', 0);
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, stamp)
    VALUES ('bad', 'set', 'a', '1', 9007199254740991);
SET synckit.max_value_bytes = '1kB';
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value)
    VALUES ('bad', 'set', 'a', to_jsonb(repeat('x', 2000)));
RESET synckit.max_value_bytes;
\set VERBOSITY default
SELECT count(*), sum(version) FROM synckit.documents;
SELECT count(*) FROM log WHERE document = 'bad';
-- rows cannot be changed; to delete and truncate the log is allowed, and merges nothing
UPDATE synckit.deltas SET version = 1;
UPDATE synckit.deltas SET version = 1 WHERE false;
-- nor through a table above it, for which alone the triggers of a statement fire
CREATE TABLE above (version bigint);
ALTER TABLE synckit.deltas ALTER version DROP NOT NULL, INHERIT above;
UPDATE above SET version = 1;
SET session_replication_role = replica;
UPDATE above SET version = version;
RESET session_replication_role;
ALTER TABLE synckit.deltas NO INHERIT above, ALTER version SET NOT NULL;
DROP TABLE above;
CREATE TABLE above (LIKE synckit.deltas) PARTITION BY LIST (document_id);
CREATE TABLE beside PARTITION OF above FOR VALUES IN ('beside');
INSERT INTO above SELECT uuid(800), 'beside', client_id, operation_type, field_path, value, clock_value, "timestamp",
    clock, seen, stamp, lamport, version, outcome, changed_fields, server_id, seq, xid
    FROM synckit.deltas WHERE document_id = 'n' LIMIT 1;
ALTER TABLE above ATTACH PARTITION synckit.deltas DEFAULT;
UPDATE above SET version = 1;
UPDATE above SET document_id = 'beside', id = uuid(801) WHERE document_id = 'n';
-- what is merged has to come by a statement on the table itself
UPDATE above SET document_id = 'n', stamp = NULL WHERE document_id = 'beside';
INSERT INTO above (document_id, operation_type, field_path, value) VALUES ('n', 'set', 'a', '3');
ALTER TABLE above DETACH PARTITION synckit.deltas;
DROP TABLE above;
ALTER TABLE synckit.deltas DISABLE TRIGGER "000_synckit_begin";
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('n', 'set', 'a', '3');
INSERT INTO synckit.deltas (document_id) SELECT 'n' WHERE false;
SELECT synckit_migrate();
SELECT * FROM disagreements;
DELETE FROM synckit.deltas WHERE document_id = 'n';
SELECT state, version FROM synckit.documents WHERE id = 'n';
TRUNCATE synckit.deltas;
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('n', 'set', 'a', '2')
    RETURNING version;

-- COPY: one document's rows are merged in memory, and the document is written once, or once every 64 MB: were it
-- written for every row, time would grow with the square of the rows
CREATE TABLE writes (id varchar(255), version bigint);
CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO writes
    VALUES (NEW.id, NEW.version); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON synckit.documents FOR EACH ROW EXECUTE FUNCTION note_write();
COPY synckit.deltas (document_id, operation_type, field_path, value) FROM stdin WHERE document_id <> 'skipped';
copied	set	a	1
skipped	set	a	1
copied	set	b	2
copied	delete	a	\N
\.
COPY synckit.deltas (document_id, operation_type, field_path, value) FROM stdin;
copied	set	c	1
copied	set	d	\N
\.
\copy (SELECT 'big', 'set', 'f' || g % 10, g FROM generate_series(1, 20000) g) TO PROGRAM 'cat > results/big.copy'
\copy synckit.deltas (document_id, operation_type, field_path, value) FROM 'results/big.copy'
SELECT id, count(*) <= 5 AS few, max(version) FROM writes GROUP BY id ORDER BY id;
SELECT id, state, version FROM synckit.documents WHERE id IN ('copied', 'big', 'skipped') ORDER BY id;
SELECT count(*), count(DISTINCT version), max(version), max(clock_value) FROM synckit.deltas WHERE document_id = 'big';

SET client_min_messages = warning;
DROP VIEW log, disagreements;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION uuid, note_write;
DROP TABLE writes;
