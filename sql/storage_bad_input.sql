-- Bad input to what reads, and to what keeps clocks and sessions: a clear error with SQLSTATE, DETAIL and HINT.
SELECT synckit_migrate();
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.attempt(call text) RETURNS TABLE (sqlstate text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
DECLARE
    m text; d text; h text;
BEGIN
    EXECUTE 'SELECT ' || call;
    RETURN QUERY SELECT '00000', 'accepted', NULL, NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN QUERY SELECT sqlstate, m, regexp_replace(d, '\d{13,}', 'N', 'g'), h;
END $$;
SELECT outcome FROM synckit_apply_delta('d', 'alice', 'set', 'x', '1');
\x on
SELECT call, a.* FROM unnest(ARRAY[
    $$synckit_list_documents(-1)$$,
    $$synckit_list_documents(1, -1)$$,
    $$synckit_list_documents_before(now(), 'd', -1)$$,
    $$synckit_list_documents_before(NULL, 'd')$$,
    $$synckit_list_documents_before(now(), NULL)$$,
    $$synckit_get_deltas('d', -1)$$,
    $$synckit_deltas_since('d', -1)$$,
    $$synckit_deltas_since('d', NULL)$$,
    $$synckit_deltas_since(NULL, 0)$$,
    $$synckit_deltas_since('d', 2)$$,
    $$synckit_deltas_since('none', 1)$$,
    $$synckit_deltas_unseen('d', NULL)$$,
    $$synckit_deltas_unseen(NULL, '{}')$$,
    $$synckit_update_clock('none', 'alice', 1)$$,
    $$synckit_update_clock('d', '', 1)$$,
    $$synckit_update_clock('d', repeat('é', 128), 1)$$,
    $$synckit_update_clock('d', 'alice', -1)$$,
    $$synckit_update_clock('d', 'alice', 9223372036854775807)$$,
    $$synckit_save_session(NULL, 'u')$$,
    $$synckit_save_session('', 'u')$$,
    $$synckit_save_session(repeat('é', 256), 'u')$$,
    $$synckit_save_session('s', NULL)$$,
    $$synckit_save_session('s', '')$$,
    $$synckit_save_session('s', repeat('u', 256))$$,
    $$synckit_save_session('s', 'u', '')$$,
    $$synckit_save_session('s', 'u', repeat('c', 256))$$,
    $$synckit_save_session('s', 'u', metadata => '[]')$$,
    $$synckit_save_session('s', 'u', metadata => '"{}"')$$,
    $$synckit_update_session(NULL)$$,
    $$synckit_update_session('')$$,
    $$synckit_update_session('s', metadata => 'null')$$,
    $$synckit_update_session('s', 'infinity')$$,
    $$synckit_delete_session(NULL)$$,
    $$synckit_delete_session(repeat('s', 256))$$]) call, LATERAL pg_temp.attempt(call) a;
\x off
SELECT count(*) AS sessions FROM synckit.sessions;
SELECT synckit_get_clock('d');
-- the longest that is allowed
SELECT length(id), length(user_id) FROM synckit_save_session(repeat('é', 255), repeat('ü', 255));

-- columns that the tables' owner changed: an error each, and the server stays up
CREATE FUNCTION alter_and_read(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    call text;
    answers text := '';
BEGIN
    BEGIN
        DROP VIEW synckit.vector_clocks, synckit.documents_with_clocks;
        EXECUTE statement;
        FOREACH call IN ARRAY ARRAY['list_documents()', $c$list_documents_before('infinity', '')$c$, $c$get_deltas('d')$c$,
            $c$deltas_since('d', 0)$c$, $c$deltas_unseen('d', '{}')$c$, $c$get_sessions('u')$c$, $c$save_session('s', 'u')$c$] LOOP
            BEGIN
                EXECUTE 'SELECT * FROM synckit_' || call;
                answers := answers || ' works';
            EXCEPTION WHEN OTHERS THEN
                answers := answers || ' ' || SQLSTATE;
            END;
        END LOOP;
        RAISE SQLSTATE 'ZZZZZ';
    EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
        RETURN answers;
    END;
END $$;
SELECT statement, alter_and_read(statement) FROM unnest(ARRAY[
    'ALTER TABLE synckit.documents ADD more integer',
    'ALTER TABLE synckit.documents ALTER clock TYPE text',
    'ALTER TABLE synckit.documents ALTER state TYPE text',
    'ALTER TABLE synckit.deltas ALTER changed_fields TYPE text',
    'ALTER TABLE synckit.deltas ALTER version TYPE integer',
    'ALTER TABLE synckit.deltas ALTER id TYPE text',
    'ALTER TABLE synckit.sessions ALTER metadata TYPE text',
    'ALTER TABLE synckit.sessions ALTER id TYPE text']) statement;
BEGIN;
ALTER TABLE synckit.deltas ALTER client_id DROP NOT NULL, DISABLE TRIGGER USER;
UPDATE synckit.deltas SET client_id = NULL;
SELECT * FROM synckit_deltas_unseen('d', '{}');
ROLLBACK;

SET client_min_messages = warning;
DROP FUNCTION alter_and_read;
DROP SCHEMA synckit CASCADE;
-- without tables
SELECT synckit_list_documents();
SELECT synckit_deltas_since('d', 0);
SELECT synckit_update_clock('d', 'alice', 1);
SELECT synckit_get_sessions('u');
SELECT synckit_state_index(true);
