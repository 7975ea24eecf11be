-- Sessions: who is connected, as servers say.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
SELECT id, user_id, client_id, connected_at = last_seen AS new, connected_at <= clock_timestamp() AND connected_at >= now() AS now, metadata
FROM synckit_save_session('s1', 'ann', 'c1', '{"agent": "tab"}');
SELECT id, user_id, client_id, metadata FROM synckit_save_session(id => 's2', user_id => 'ann');
SELECT id, user_id, client_id, metadata FROM synckit_save_session('s3', 'ben', metadata => NULL);
SELECT id FROM synckit_get_sessions('ann');
SELECT id FROM synckit_get_sessions('nobody');
SELECT id FROM synckit_get_sessions(NULL);

-- signs of life
SELECT synckit_update_session('s1', '2100-01-01 UTC');
SELECT last_seen AT TIME ZONE 'UTC' AS last_seen, metadata FROM synckit_get_sessions('ann') WHERE id = 's1';
SELECT synckit_update_session('s1', metadata => '{"agent": "app"}');
SELECT last_seen BETWEEN now() - interval '1 hour' AND clock_timestamp() AS now, connected_at < last_seen AS later, metadata FROM synckit_get_sessions('ann') WHERE id = 's1';
SELECT synckit_update_session('s9');

-- an id that is taken over: the connection is new
SELECT id, user_id, client_id, connected_at = last_seen AS new, metadata FROM synckit_save_session('s1', 'ben');
SELECT id FROM synckit_get_sessions('ann');
SELECT id FROM synckit_get_sessions('ben');
SELECT count(*) FROM synckit.sessions;

SELECT synckit_delete_session('s1');
SELECT synckit_delete_session('s1');
SELECT id FROM synckit_get_sessions('ben');

-- the table is an ordinary one
INSERT INTO synckit.sessions (id, user_id) VALUES ('s4', 'ann') RETURNING client_id, connected_at = last_seen AS new, metadata;
SELECT id FROM synckit_get_sessions('ann');
-- without it the sessions are missing, and nothing else
BEGIN;
DROP TABLE synckit.sessions;
SELECT outcome FROM synckit_apply_delta('d', 'a', 'set', 'x', '1');
SELECT current, problems[1] FROM synckit_schema_status();
SELECT synckit_get_sessions('ann');
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
