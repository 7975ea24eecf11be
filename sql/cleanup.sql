-- synckit_cleanup(): what is past its time goes, and no more. Nothing is published here.
SELECT synckit_migrate() AS version;
-- The publisher has said that there is nowhere to publish to: until then it might.
DO $$
DECLARE deadline timestamptz := clock_timestamp() + interval '60 s';
BEGIN
    WHILE (SELECT state NOT IN ('not preloaded', 'not configured') FROM synckit_publisher_status)
        AND clock_timestamp() < deadline LOOP
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
\set counts 'sessions_deleted AS sessions, deltas_deleted AS deltas, tombstones_deleted AS tombstones'
SELECT :counts FROM synckit_cleanup();

-- sessions
SELECT count(*) FROM (SELECT synckit_save_session('s' || i, 'u') FROM generate_series(1, 5) i) s;
UPDATE synckit.sessions SET last_seen = now() - interval '25 hours' WHERE id <> 's1';
SELECT :counts FROM synckit_cleanup("limit" => 3);
SELECT :counts FROM synckit_cleanup(old_sessions_hours => NULL);
SELECT :counts FROM synckit_cleanup(old_sessions_hours => 26);
SELECT :counts FROM synckit_cleanup();
SELECT id FROM synckit.sessions;

-- deltas: by when they arrived, whatever their writer's clock said
SELECT count(*) FROM (SELECT synckit_apply_delta('d', 'c', 'set', 'f' || i, to_jsonb(i)) FROM generate_series(1, 5) i) s;
SELECT outcome FROM synckit_apply_delta('d', 'c', 'set', 'g', '1', "timestamp" => '1999-01-01');
SELECT :counts FROM synckit_cleanup(old_deltas_days => 1);
SELECT :counts FROM synckit_cleanup(old_deltas_days => NULL);
SELECT pg_sleep(0.01);
SELECT :counts FROM synckit_cleanup(old_deltas_days => 0, "limit" => 4);
SELECT version FROM synckit.deltas ORDER BY version;
SELECT :counts FROM synckit_cleanup(old_deltas_days => 0);
-- the document is as it was, and goes on
SELECT state, version FROM synckit.documents;
SELECT version FROM synckit_apply_delta('d', 'c', 'set', 'f1', '"on"');
SELECT version FROM synckit_deltas_since('d', 6);
SELECT version FROM synckit_deltas_since('d', 5);

-- restored rows belong to no transaction of this cluster, and go as well
SET session_replication_role = replica;
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, clock_value, "timestamp", stamp,
                            lamport, version, outcome, seq, xid)
SELECT 'old', 'c', 'set', 'f', '1', i, '2020-01-01', 1, 1, i, 'applied', i, '1'
FROM generate_series(1, 3) i;
RESET session_replication_role;
SELECT count(*), count(xid) FROM synckit.deltas WHERE document_id = 'old';
SELECT :counts FROM synckit_cleanup();

-- tombstones of fields: only when asked for; what is older than they were is then refused
SELECT outcome FROM synckit_apply_delta('d', 'c', 'delete', 'f2');
SELECT outcome FROM synckit_apply_delta('d', 'c', 'delete', 'f3');
SELECT pg_sleep(0.01);
SELECT :counts FROM synckit_cleanup(NULL, NULL);
SELECT :counts FROM synckit_cleanup(NULL, NULL, 1);
SELECT :counts FROM synckit_cleanup(NULL, NULL, 0);
SELECT :counts FROM synckit_cleanup(NULL, NULL, 0);
SELECT registers::text LIKE '%tombstones%' AS tombstones, registers::text LIKE '%horizon%' AS horizon, state, version
FROM synckit.documents;
SELECT outcome FROM synckit_apply_delta('d', 'late', 'set', 'f2', '1', "timestamp" => now() - interval '1 hour');
SELECT outcome FROM synckit_apply_delta('d', 'new', 'set', 'f2', '1');

-- of a deleted document as well; its own tombstone stays for ever
SELECT outcome FROM synckit_apply_delta('gone', 'c', 'set', 'f', '1');
SELECT outcome FROM synckit_apply_delta('gone', 'c', 'delete', '');
SELECT outcome FROM synckit_apply_delta('gone', 'c', 'delete', 'f');
SELECT pg_sleep(0.01);
SELECT :counts FROM synckit_cleanup(NULL, NULL, 0);
SELECT id, version, registers::text LIKE '%horizon%' AS horizon FROM synckit.tombstones;
SELECT version FROM synckit_apply_delta('gone', 'c', 'set', 'f', '2');

-- whose tables are they?
CREATE ROLE regress_cleaner;
GRANT ALL ON SCHEMA synckit TO regress_cleaner;
GRANT ALL ON ALL TABLES IN SCHEMA synckit TO regress_cleaner;
SET ROLE regress_cleaner;
SELECT * FROM synckit_cleanup();
RESET ROLE;
SELECT * FROM synckit_cleanup(-1);
SELECT * FROM synckit_cleanup(old_deltas_days => -1);
SELECT * FROM synckit_cleanup(old_tombstones_days => -1);
SELECT * FROM synckit_cleanup("limit" => 0);
DROP OWNED BY regress_cleaner;
DROP ROLE regress_cleaner;
SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
