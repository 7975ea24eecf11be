-- Bad input to the single functions: a clear error with SQLSTATE, DETAIL and HINT, and nothing changed.
SELECT synckit_migrate();
\set VERBOSITY verbose
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
\x on
SELECT call, a.* FROM unnest(ARRAY[
    $$synckit_apply_delta(NULL, 'a', 'set', 'x', '1')$$,
    $$synckit_apply_delta('d', NULL, 'set', 'x', '1')$$,
    $$synckit_apply_delta('d', 'a', NULL, 'x', '1')$$,
    $$synckit_apply_delta('d', 'a', 'set', NULL, '1')$$,
    $$synckit_apply_delta('d', 'a', 'delete', NULL)$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', NULL)$$,
    $$synckit_apply_delta('d', 'a', 'merge', NULL, NULL)$$,
    $$synckit_apply_delta('', 'a', 'set', 'x', '1')$$,
    $$synckit_apply_delta(repeat('d', 256), 'a', 'set', 'x', '1')$$,
    $$synckit_apply_delta('d', '', 'set', 'x', '1')$$,
    $$synckit_apply_delta('d', repeat('é', 128), 'set', 'x', '1')$$,
    $$synckit_apply_delta('d', 'a', 'SET', 'x', '1')$$,
    $$synckit_apply_delta('d', 'a', 'set', '', '1')$$,
    $$synckit_apply_delta('d', 'a', 'set', repeat('f', 501), '1')$$,
    $$synckit_apply_delta('d', 'a', 'delete', 'x', '1')$$,
    $$synckit_apply_delta('d', 'a', 'merge', 'x', '{}')$$,
    $$synckit_apply_delta('d', 'a', 'merge', '', '"x"')$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', clock_value => 0)$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', clock_value => 9223372036854775807)$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', seen => -1)$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', "timestamp" => 'infinity')$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', "timestamp" => '-infinity')$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', stamp => 0)$$,
    $$synckit_apply_delta('d', 'a', 'set', 'x', '1', stamp => 9007199254740991)$$,
    $$synckit_merge_clock('d', '{"a": 1}')$$,
    $$synckit_get_document(repeat('d', 1000))$$,
    $$synckit_get_clock('')$$]) call, LATERAL pg_temp.attempt(call) a;
\x off
SELECT count(*) AS documents FROM synckit.documents;
SELECT count(*) AS deltas FROM synckit.deltas;
SELECT count(*) AS tombstones FROM synckit.tombstones;

-- settings
\set VERBOSITY default
SET synckit.max_clock_skew = '-1s';
ALTER SYSTEM SET synckit.redis_url = 'http://localhost';
ALTER SYSTEM SET synckit.redis_url = 'redis://user:secret@localhost';
ALTER SYSTEM SET synckit.redis_url = 'rediss+sentinel://one,two';
SET synckit.no_such_setting = 1;

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
