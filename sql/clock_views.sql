-- Clocks row by row: the views, and raising one entry.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
SELECT outcome FROM synckit_apply_delta('d', 'alice', 'set', 'x', '1');
SELECT outcome FROM synckit_apply_delta('d', 'bob', 'set', 'y', '2');
SELECT outcome FROM synckit_apply_delta('e', 'alice', 'merge', '', '{}');
SELECT document_id, client_id, clock_value, updated_at = (SELECT updated_at FROM synckit.documents WHERE id = document_id) AS of_the_document
FROM synckit.vector_clocks ORDER BY 1, 2;
SELECT id, state, version, created_at <= updated_at AS times, vector_clock FROM synckit.documents_with_clocks ORDER BY id;

-- one entry, by the function
SELECT synckit_update_clock('d', 'carol', 4);
SELECT synckit_update_clock('d', 'carol', 2);
SELECT synckit_update_clock(document_id => 'd', client_id => 'zoe', clock_value => 0);
SELECT synckit_update_clock('d', NULL, 1);
SELECT synckit_update_clock('none', 'carol', 4);
\set VERBOSITY sqlstate
SELECT synckit_update_clock('d', 'carol', 9223372036854775807);
\set VERBOSITY default

-- by the view
INSERT INTO synckit.vector_clocks (document_id, client_id, clock_value, updated_at) VALUES ('d', 'dave', 3, now()), ('d', 'alice', 1, NULL)
RETURNING document_id, client_id, clock_value, updated_at = (SELECT updated_at FROM synckit.documents WHERE id = 'd') AS of_the_document;
INSERT INTO synckit.vector_clocks VALUES ('d', 'alice', 2) RETURNING clock_value;
UPDATE synckit.vector_clocks SET clock_value = clock_value + 1, updated_at = 'epoch' WHERE document_id = 'd' AND client_id IN ('alice', 'bob')
RETURNING client_id, clock_value, updated_at = (SELECT updated_at FROM synckit.documents WHERE id = 'd') AS of_the_document;
UPDATE synckit.vector_clocks SET clock_value = 9 WHERE document_id = 'none';
-- an entry that is there already is raised: there is nothing to conflict with
INSERT INTO synckit.vector_clocks VALUES ('d', 'bob', 7) ON CONFLICT DO NOTHING RETURNING clock_value;
INSERT INTO synckit.vector_clocks VALUES ('d', 'bob', 8) ON CONFLICT (document_id, client_id) DO UPDATE SET clock_value = excluded.clock_value;
SELECT version, clock FROM synckit_get_document('d');
SELECT count(*) FROM synckit.deltas;

-- the document was not updated by that, and its next delta goes on from there
SELECT clock_value FROM synckit_apply_delta('d', 'dave', 'set', 'x', '2');

-- what the view refuses
INSERT INTO synckit.vector_clocks VALUES ('d', 'bob', 6);
UPDATE synckit.vector_clocks SET clock_value = 1 WHERE document_id = 'd' AND client_id = 'bob';
UPDATE synckit.vector_clocks SET document_id = 'e' WHERE client_id = 'bob';
UPDATE synckit.vector_clocks SET client_id = 'robert' WHERE client_id = 'bob';
DELETE FROM synckit.vector_clocks WHERE client_id = 'bob';
INSERT INTO synckit.vector_clocks VALUES ('none', 'bob', 6);
INSERT INTO synckit.vector_clocks VALUES ('d', 'bob', NULL);
INSERT INTO synckit.vector_clocks VALUES (NULL, 'bob', 6);
INSERT INTO synckit.vector_clocks VALUES ('d', 'zoe', 0);
INSERT INTO synckit.vector_clocks VALUES ('d', '', 6);
INSERT INTO synckit.vector_clocks VALUES ('d', repeat('z', 256), 6);
\set VERBOSITY sqlstate
INSERT INTO synckit.vector_clocks VALUES ('d', 'bob', 9223372036854775807);
\set VERBOSITY default
SELECT synckit_get_clock('d');
-- in a statement all or nothing
INSERT INTO synckit.vector_clocks VALUES ('d', 'bob', 100), ('d', 'bob', 99);
SELECT synckit_get_clock('d');

-- the trigger is for that view
CREATE TABLE other (document_id text, client_id text, clock_value integer);
CREATE TRIGGER t BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION synckit_vector_clocks_trigger();
INSERT INTO other VALUES ('d', 'bob', 6);
CREATE VIEW others AS SELECT * FROM other;
CREATE TRIGGER t INSTEAD OF INSERT ON others FOR EACH ROW EXECUTE FUNCTION synckit_vector_clocks_trigger();
INSERT INTO others VALUES ('d', 'bob', 6);
SELECT synckit_vector_clocks_trigger();
SET client_min_messages = warning;
DROP TABLE other CASCADE;
DROP SCHEMA synckit CASCADE;
