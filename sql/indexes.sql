-- Every query that reads documents, clocks, the log or sessions has its index.
SELECT synckit_migrate();
\set SHOW_CONTEXT never
SELECT count(*) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'd' || i % 1000, 'clientId', 'c' || i % 7, 'operationType', 'merge',
                                        'value', jsonb_build_object('n', i, 'tag', i % 50)))
    FROM generate_series(1, 5000) i));
SELECT count(*) FROM (SELECT synckit_save_session('s' || i, 'u' || i % 500) FROM generate_series(1, 2000) i) s;
ANALYZE synckit.documents, synckit.deltas, synckit.sessions;

-- listing
EXPLAIN (COSTS OFF) SELECT * FROM synckit.documents ORDER BY updated_at DESC, id LIMIT 100;
EXPLAIN (COSTS OFF) SELECT * FROM synckit.documents
    WHERE updated_at <= now() AND (updated_at < now() OR id > 'd5') ORDER BY updated_at DESC, id LIMIT 100;
-- clocks
EXPLAIN (COSTS OFF) SELECT * FROM synckit.vector_clocks WHERE document_id = 'd1';
EXPLAIN (COSTS OFF) SELECT clock_value FROM synckit.vector_clocks WHERE document_id = 'd1' AND client_id = 'c1';
EXPLAIN (COSTS OFF) SELECT * FROM synckit.documents_with_clocks WHERE id = 'd1';
-- the log
EXPLAIN (COSTS OFF) SELECT * FROM synckit.deltas WHERE document_id = 'd1' ORDER BY version DESC LIMIT 100;
EXPLAIN (COSTS OFF) SELECT * FROM synckit.deltas WHERE document_id = 'd1' AND version > 4 ORDER BY version;
-- sessions
EXPLAIN (COSTS OFF) SELECT * FROM synckit.sessions WHERE user_id = 'u1' ORDER BY connected_at DESC, id;

-- the functions use them: not a row of a table is met by a scan of all
CREATE FUNCTION scans(call text) RETURNS TABLE (answer bigint, index_scans bigint, rows_by_index bigint, whole_scans bigint) LANGUAGE plpgsql AS $$
DECLARE
    a bigint; b bigint; c bigint;
BEGIN
    SELECT sum(idx_scan), sum(idx_tup_fetch), sum(seq_scan) INTO a, b, c FROM pg_stat_xact_user_tables WHERE schemaname = 'synckit';
    EXECUTE 'SELECT count(*) FROM ' || call INTO answer;
    RETURN QUERY SELECT answer, sum(idx_scan)::bigint - a, sum(idx_tup_fetch)::bigint - b, sum(seq_scan)::bigint - c
        FROM pg_stat_xact_user_tables WHERE schemaname = 'synckit';
END $$;
SELECT updated_at AS middle FROM synckit.documents WHERE id = 'd500' \gset
SELECT replace(call, :'middle', '…') AS call, s.* FROM unnest(ARRAY[
    $$synckit_get_document('d1')$$,
    $$synckit_get_clock('d1')$$,
    $$synckit_list_documents(10)$$,
    format('synckit_list_documents_before(%L, %L, 10)', :'middle', 'd500'),
    $$synckit_get_deltas('d1')$$,
    $$synckit_deltas_since('d1', 3)$$,
    $$synckit_deltas_unseen('d1', vclock_forget(synckit_get_clock('d1'), 'c1'))$$,
    $$synckit_get_sessions('u1')$$,
    $$synckit_update_session('s1')$$,
    $$synckit_delete_session('s1')$$]) call, LATERAL scans(call) s;
-- to write to documents takes no look-up where their rows were written in this session, else one each
SELECT index_scans, rows_by_index, whole_scans FROM scans($$synckit_apply_delta('d1', 'c1', 'set', 'n', '1')$$);
\c
SELECT index_scans, rows_by_index, whole_scans FROM scans($$synckit_apply_delta('d1', 'c1', 'set', 'n', '2')$$);
SELECT index_scans, rows_by_index, whole_scans
FROM scans($$synckit_apply_deltas((SELECT jsonb_agg(jsonb_build_object('documentId', 'd' || 100 + i % 50, 'clientId', 'c1',
    'operationType', 'set', 'fieldPath', 'n', 'value', i)) FROM generate_series(1, 100) i))$$);
\set SHOW_CONTEXT never

-- where a row was is only a guess: its transaction failed, it is gone, another is there, the table is shorter
BEGIN;
SELECT version FROM synckit_apply_delta('d1', 'c1', 'set', 'n', '3');
SAVEPOINT before;
SELECT version FROM synckit_apply_delta('d1', 'c1', 'set', 'n', '4');
ROLLBACK TO before;
SELECT version FROM synckit_apply_delta('d1', 'c1', 'set', 'n', '5');
ROLLBACK;
SELECT version FROM synckit_apply_delta('d1', 'c1', 'set', 'n', '6');
SELECT version FROM synckit_apply_delta('last', 'c1', 'set', 'n', '1');
SELECT version FROM synckit_apply_delta('last', 'c1', 'delete', '');
VACUUM synckit.documents;
SELECT version FROM synckit_apply_delta('in its place', 'c1', 'set', 'n', '1');
SELECT version FROM synckit_apply_delta('last', 'c1', 'set', 'n', '2');
SELECT version FROM synckit_apply_delta('last', 'c1', 'set', 'n', '3');
VACUUM FULL synckit.documents;
SELECT version FROM synckit_apply_delta('last', 'c1', 'set', 'n', '4');
SELECT version FROM synckit_apply_delta('in its place', 'c1', 'set', 'n', '2');
SELECT id, state, version FROM synckit.documents WHERE id IN ('d1', 'last', 'in its place') ORDER BY id;
-- states: an index that is made when it is asked for
EXPLAIN (COSTS OFF) SELECT id FROM synckit.documents WHERE state @> '{"n": 17}';
SELECT synckit_state_index(false);
SELECT synckit_state_index(true);
SELECT synckit_state_index(true);
SELECT indexdef FROM pg_indexes WHERE indexname = 'documents_state_idx';
EXPLAIN (COSTS OFF) SELECT id FROM synckit.documents WHERE state @> '{"n": 4321}';
SELECT id FROM synckit.documents WHERE state @> '{"n": 4321}';
SELECT current FROM synckit_schema_status();
SELECT synckit_migrate();
SELECT synckit_state_index(NULL) IS NULL AS nothing;
SELECT synckit_state_index(false);
SELECT count(*) FROM pg_indexes WHERE indexname = 'documents_state_idx';
-- a name that something else has is left to it
CREATE TABLE synckit.documents_state_idx ();
SELECT synckit_state_index(false);
SELECT synckit_state_index(true);
DROP TABLE synckit.documents_state_idx;
-- it is for the owner of the table
CREATE ROLE regress_synckit_reader;
GRANT USAGE ON SCHEMA synckit TO regress_synckit_reader;
SET ROLE regress_synckit_reader;
SELECT synckit_state_index(true);
SELECT synckit_state_index(false);
RESET ROLE;
DROP OWNED BY regress_synckit_reader;
DROP ROLE regress_synckit_reader;

SET client_min_messages = warning;
DROP FUNCTION scans;
DROP SCHEMA synckit CASCADE;
