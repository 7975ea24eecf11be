-- synckit_save_document(), synckit_update_document(), synckit_delete_document(): the whole state, as fields that change.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set log :abs_srcdir '/test/sql/log.sql'
\i :log
SELECT id, state, version, clock, lamport > 0 AS lamport, created_at = updated_at AS new
    FROM synckit_save_document('d', '{"a": 1, "b": 1.0}');
SELECT state, version, clock FROM synckit_save_document('d', '{"b": 1.00, "c": null}');
SELECT state, version FROM synckit_save_document('d', '{"b": 1.00, "c": null}');
SELECT state, version FROM synckit_update_document('d', '{}');
SELECT version FROM synckit_save_document('empty', '{}');
SELECT * FROM log;
-- state || …, as the docs teach, writes what it names
SELECT u.state, u.version
    FROM synckit.documents d, synckit_update_document(d.id, d.state || '{"x": 1}') u WHERE d.id = 'd';
SELECT version FROM synckit_apply_delta('d', 'alice', 'set', 'y', '1');

-- expected_version: none will do, 0 must not exist, above 0 must be that
SELECT version FROM synckit_save_document('d', '{"x": 2, "y": 1}', NULL);
SELECT version FROM synckit_save_document('d', '{"x": 3, "y": 1}', 8);
SELECT version FROM synckit_save_document('d', '{"x": 4, "y": 1}', expected_version => 8);
SELECT version FROM synckit_save_document('d', '{"x": 3, "y": 1}', 0);
SELECT version FROM synckit_save_document('none', '{}', 3);
SELECT version FROM synckit_save_document('fresh', '{}', 0);
SELECT version FROM synckit_save_document('d', '{}', -1);
SELECT version FROM synckit_update_document('d', '{"x": 3, "y": 2}', 9);
SELECT version FROM synckit_update_document('d', '{"x": 3, "y": 3}', 9);
SELECT version FROM synckit_update_document('d', '{"x": 3, "y": 3}', 0);
SELECT version FROM synckit_update_document('none', '{}');
SELECT version FROM synckit_update_document('none', '{}', 3);
SELECT version FROM synckit_update_document('none', '{}', 0);
-- the version that a writer read is stale even if what it would write is there already
SELECT version FROM synckit_update_document('d', '{"x": 3, "y": 2}', 9);
SELECT state, version FROM synckit.documents WHERE id = 'd';
\set VERBOSITY sqlstate
SELECT version FROM synckit_save_document('d', '{}', 1);
SELECT version FROM synckit_update_document('none', '{}');

-- what is no document
SELECT version FROM synckit_save_document(NULL, '{}');
SELECT version FROM synckit_save_document('d', NULL);
SELECT version FROM synckit_save_document('d', 'null');
SELECT version FROM synckit_save_document('d', '[{}]');
SELECT version FROM synckit_save_document('', '{}');
SELECT version FROM synckit_save_document(repeat('x', 256), '{}');
SELECT version FROM synckit_save_document('d', '{"": 1}');
SELECT version FROM synckit_update_document(NULL, '{}');
SELECT version FROM synckit_update_document('d', '1');
SELECT synckit_delete_document('');
SET synckit.max_value_bytes = '1kB';
SELECT version FROM synckit_save_document('d', jsonb_build_object('x', repeat('x', 2000)));
RESET synckit.max_value_bytes;
\set VERBOSITY default
SELECT synckit_delete_document(NULL);
SELECT count(*) FROM log WHERE document = 'd';

-- deletion: of none nothing is logged; afterwards the document goes on
SELECT synckit_delete_document('none');
SELECT synckit_delete_document('d');
SELECT synckit_delete_document('d');
SELECT version FROM synckit_update_document('d', '{}', 11);
SELECT version FROM synckit_save_document('d', '{"again": 1}', 11);
SELECT state, version FROM synckit_save_document('d', '{"again": 1}', 0);
SELECT count(*) FROM synckit.tombstones;
SELECT * FROM log WHERE document = 'd' AND version > 9;
SELECT version FROM synckit_save_document(repeat('é', 255), '{"long": 1}');

-- docs/merge.md: a write that has seen another beats it, however wrong the clocks are; else time decides
SELECT outcome FROM synckit_apply_delta('m', 'fast', 'set', 'x', '"fast"',
    "timestamp" => clock_timestamp() + interval '1 hour');
SELECT state FROM synckit_save_document('m', '{"x": "seen"}');
SELECT outcome FROM synckit_apply_delta('m', 'slow', 'set', 'x', '"slow"', "timestamp" => '2001-01-01');
SELECT outcome FROM synckit_apply_delta('m', 'slow', 'set', 'x', '"slow"', "timestamp" => '2001-01-01',
    clock => '{"sql": 1, "fast": 1}');
SELECT outcome FROM synckit_apply_delta('m', 'again', 'set', 'x', '"seen"', "timestamp" => '2001-01-01',
    seen => (SELECT lamport FROM synckit.documents WHERE id = 'm'));
UPDATE synckit.documents SET state = '{"x": "door"}' WHERE id = 'm' RETURNING state;
SELECT synckit_delete_document('m');
SELECT outcome FROM synckit_apply_delta('m', 'late', 'set', 'x', '"late"', "timestamp" => '2001-01-01');
SELECT count(*) FROM synckit.documents WHERE id = 'm';
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) VALUES ('m', 'set', 'x', '"back"')
    RETURNING version, outcome;

-- what a trigger of the user's makes of it is what comes back
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM synckit_apply_delta(NEW.id, 'trigger', 'set', 'by', '"trigger"');
    RETURN NULL;
END $$;
CREATE TRIGGER shout AFTER UPDATE ON synckit.documents FOR EACH ROW WHEN (NOT NEW.state ? 'by')
    EXECUTE FUNCTION shout();
SELECT state, version FROM synckit_save_document('m', '{"x": 1}');

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION shout;
