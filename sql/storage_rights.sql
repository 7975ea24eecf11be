-- Who may read the log, the clocks and the sessions: privileges and row-level security hold.
SELECT synckit_migrate();
\set SHOW_CONTEXT never
CREATE ROLE regress_synckit_reader;
CREATE ROLE regress_synckit_documents_only;
CREATE ROLE regress_synckit_writer;
GRANT USAGE ON SCHEMA synckit TO regress_synckit_reader, regress_synckit_documents_only, regress_synckit_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA synckit TO regress_synckit_reader;
GRANT SELECT ON synckit.documents TO regress_synckit_documents_only;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synckit TO regress_synckit_writer;
SELECT version FROM synckit_apply_delta('d', 'alice', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('d', 'bob', 'set', 'x', '2');
SELECT version FROM synckit_apply_delta('gone', 'alice', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('gone', 'alice', 'delete', '');
SELECT id FROM synckit_save_session('s', 'ann');

SET ROLE regress_synckit_reader;
SELECT id FROM synckit_list_documents();
SELECT id FROM synckit_list_documents_before('infinity', '');
SELECT version FROM synckit_get_deltas('d');
SELECT version FROM synckit_deltas_since('d', 1);
SELECT version FROM synckit_deltas_since('gone', 1);
SELECT version FROM synckit_deltas_unseen('d', '{"alice": 1}');
SELECT id FROM synckit_get_sessions('ann');
SELECT document_id, client_id, clock_value FROM synckit.vector_clocks ORDER BY 1, 2;
SELECT id, vector_clock FROM synckit.documents_with_clocks;
SELECT current FROM synckit_schema_status();
SELECT synckit_update_clock('d', 'carol', 1);
INSERT INTO synckit.vector_clocks VALUES ('d', 'carol', 1);
SELECT synckit_save_session('s', 'mallory');
SELECT synckit_update_session('s');
SELECT synckit_delete_session('s');

-- who may not read the log or the sessions
SET ROLE regress_synckit_documents_only;
SELECT id FROM synckit_list_documents();
SELECT version FROM synckit_get_deltas('d');
SELECT version FROM synckit_deltas_since('d', 1);
SELECT version FROM synckit_deltas_unseen('d', '{}');
SELECT version FROM synckit_deltas_since('gone', 0);
SELECT id FROM synckit_get_sessions('ann');
SELECT * FROM synckit.vector_clocks;
RESET ROLE;
-- a view gives nobody what the table does not
REVOKE ALL ON synckit.documents FROM regress_synckit_documents_only;
GRANT SELECT, INSERT ON synckit.vector_clocks, synckit.documents_with_clocks TO regress_synckit_documents_only;
SET ROLE regress_synckit_documents_only;
SELECT * FROM synckit.vector_clocks;
SELECT * FROM synckit.documents_with_clocks;
INSERT INTO synckit.vector_clocks VALUES ('d', 'carol', 1);

-- a writer
SET ROLE regress_synckit_writer;
SELECT synckit_update_clock('d', 'carol', 1);
INSERT INTO synckit.vector_clocks VALUES ('d', 'carol', 2) RETURNING clock_value;
UPDATE synckit.vector_clocks SET clock_value = 3 WHERE client_id = 'carol' RETURNING clock_value;
SELECT user_id FROM synckit_save_session('s', 'ben');
SELECT synckit_update_session('s'), synckit_delete_session('s');
SELECT synckit_state_index(true);
RESET ROLE;

-- row-level security: what is hidden is missing
SELECT version FROM synckit_apply_delta('hidden', 'alice', 'set', 'x', '1');
SELECT id FROM synckit_save_session('s', 'ann');
ALTER TABLE synckit.documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE synckit.tombstones ENABLE ROW LEVEL SECURITY;
ALTER TABLE synckit.deltas ENABLE ROW LEVEL SECURITY;
ALTER TABLE synckit.sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON synckit.documents TO regress_synckit_writer USING (id = 'd');
CREATE POLICY own ON synckit.deltas TO regress_synckit_writer USING (document_id = 'd' AND version <> 1 OR document_id = 'hidden');
CREATE POLICY own ON synckit.sessions TO regress_synckit_writer USING (user_id = 'ben');
SET ROLE regress_synckit_writer;
SELECT id FROM synckit_list_documents();
SELECT document_id, client_id FROM synckit.vector_clocks ORDER BY 1, 2;
SELECT id FROM synckit.documents_with_clocks;
SELECT version FROM synckit_deltas_since('d', 1);
SELECT version FROM synckit_deltas_since('d', 0);
SELECT version FROM synckit_deltas_unseen('d', '{"alice": 1, "carol": 3}');
SELECT version FROM synckit_deltas_unseen('d', '{}');
SELECT version FROM synckit_deltas_since('hidden', 0);
SELECT version FROM synckit_deltas_since('hidden', 1);
SELECT version FROM synckit_deltas_unseen('hidden', '{}');
SELECT version FROM synckit_deltas_since('gone', 0);
SELECT version FROM synckit_deltas_since('gone', 1);
SELECT synckit_update_clock('hidden', 'carol', 1);
INSERT INTO synckit.vector_clocks VALUES ('hidden', 'carol', 1);
SELECT id FROM synckit_get_sessions('ann');
SELECT synckit_save_session('s', 'ben');
SELECT synckit_save_session('s2', 'ann');
SELECT synckit_update_session('s'), synckit_delete_session('s');
RESET ROLE;
SELECT id, user_id FROM synckit.sessions;

-- nothing of ours is found by search_path
CREATE SCHEMA evil;
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE FUNCTION evil.eq(varchar, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE FUNCTION evil.eq(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE FUNCTION evil.eq(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
CREATE OPERATOR evil.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = evil.eq);
CREATE OPERATOR evil.> (LEFTARG = varchar, RIGHTARG = text, FUNCTION = evil.eq);
CREATE OPERATOR evil.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.eq);
CREATE OPERATOR evil.<= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.eq);
CREATE OPERATOR evil.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.eq);
CREATE OPERATOR evil.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.eq);
SET search_path = evil, pg_catalog;
SELECT count(*) FROM public.synckit_list_documents();
SELECT count(*) FROM public.synckit_list_documents_before('infinity', '');
SELECT count(*) FROM public.synckit_get_deltas('d');
SELECT count(*) FROM public.synckit_deltas_since('d', 0);
SELECT count(*) FROM public.synckit_deltas_unseen('d', '{}');
SELECT public.synckit_update_clock('d', 'carol', 9);
INSERT INTO synckit.vector_clocks VALUES ('d', 'carol', 10) RETURNING clock_value;
SELECT id FROM public.synckit_save_session('s', 'ann');
SELECT id FROM public.synckit_get_sessions('ann');
SELECT public.synckit_update_session('s'), public.synckit_delete_session('s');
SELECT public.synckit_state_index(true);
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA evil CASCADE;

DROP OWNED BY regress_synckit_reader, regress_synckit_documents_only, regress_synckit_writer;
DROP ROLE regress_synckit_reader, regress_synckit_documents_only, regress_synckit_writer;
DROP SCHEMA synckit CASCADE;
