-- The log: the newest deltas, and catching up by version or by clock.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
SELECT outcome FROM synckit_apply_delta('d', 'alice', 'set', 'x', '1', clock_value => 5, "timestamp" => '2020-01-01 UTC', seen => 7, server_id => 's', id => '00000000-0000-7000-8000-000000000001');
SELECT outcome FROM synckit_apply_delta('d', 'bob', 'merge', '', '{"x": 0, "y": null}', clock => '{"alice": 5}', "timestamp" => '2019-01-01 UTC');
SELECT outcome FROM synckit_apply_delta('d', 'bob', 'set', 'x', '2', "timestamp" => '2018-01-01 UTC', clock => '{}');
SELECT outcome FROM synckit_apply_delta('d', 'alice', 'delete', 'y');
\x on
SELECT CASE WHEN server_id = 's' THEN id END AS id, document_id, client_id, operation_type, field_path, value, clock_value, "timestamp" AT TIME ZONE 'UTC' AS "timestamp",
       clock, seen, stamp > 0 AS stamp, lamport > 0 AS lamport, version, outcome, changed_fields, server_id
FROM synckit_deltas_since('d', 0) WHERE version <= 2;
\x off
-- all columns of the log but those that are the publisher's
SELECT to_jsonb(g) = to_jsonb(l) - 'seq' - 'xid' AS as_in_the_log FROM synckit_get_deltas('d') g JOIN synckit.deltas l USING (id);

SELECT version, client_id FROM synckit_get_deltas('d');
SELECT version FROM synckit_get_deltas('d', 2);
SELECT version FROM synckit_get_deltas(document_id => 'd', "limit" => NULL);
SELECT count(*) FROM synckit_get_deltas('d', 0);
SELECT count(*) FROM synckit_get_deltas('none');
SELECT count(*) FROM synckit_get_deltas(NULL);

SELECT version FROM synckit_deltas_since('d', 2);
SELECT count(*) FROM synckit_deltas_since('d', 4);
SELECT version, client_id, clock_value FROM synckit_deltas_unseen('d', '{}');
SELECT version, client_id, clock_value FROM synckit_deltas_unseen('d', '{"alice": 5}');
SELECT version, client_id, clock_value FROM synckit_deltas_unseen('d', '{"alice": 5, "bob": 1}');
SELECT version, client_id, clock_value FROM synckit_deltas_unseen('d', '{"bob": 1, "somebody": 9}');
SELECT count(*) FROM synckit_deltas_unseen('d', '{"alice": 6, "bob": 2}');
SELECT count(*) FROM synckit_deltas_unseen('d', '{"alice": 60, "bob": 20}');
-- a version that the document never had
SELECT version FROM synckit_deltas_since('d', 5);

-- a document that never was; a deleted one; one that came back
SELECT count(*) FROM synckit_deltas_since('none', 0);
SELECT count(*) FROM synckit_deltas_unseen('none', '{}');
SELECT count(*) FROM synckit_deltas_unseen('none', '{"alice": 1}');
SELECT version FROM synckit_deltas_since('none', 1);
SELECT outcome FROM synckit_apply_delta('d', 'alice', 'delete', '');
SELECT version, operation_type FROM synckit_deltas_since('d', 3);
SELECT version FROM synckit_deltas_unseen('d', '{"alice": 6, "bob": 2}');
SELECT version FROM synckit_deltas_since('d', 6);
SELECT outcome FROM synckit_apply_delta('d', 'alice', 'set', 'x', '3');
SELECT version, operation_type FROM synckit_deltas_since('d', 4);

-- the log, cut at its start: what is left serves those who have the rest
CREATE FUNCTION since(have bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT string_agg(version::text, ' ') FROM synckit_deltas_since('d', have));
EXCEPTION WHEN SQLSTATE 'SK004' THEN
    RETURN 'SK004';
END $$;
CREATE FUNCTION unseen(have vclock, document text = 'd') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT coalesce(string_agg(version::text, ' '), 'nothing') FROM synckit_deltas_unseen(document, have));
EXCEPTION WHEN SQLSTATE 'SK004' THEN
    RETURN 'SK004';
END $$;
SELECT version, client_id, clock_value FROM synckit.deltas WHERE document_id = 'd' ORDER BY version;
DELETE FROM synckit.deltas WHERE document_id = 'd' AND version <= 2;
SELECT version FROM synckit_deltas_since('d', 1);
SELECT version FROM synckit_deltas_unseen('d', '{}');
SELECT have, since(have) FROM generate_series(0, 7) have;
-- the rest begins at version 3: bob's 2, alice's 6
SELECT have, unseen(have::vclock) FROM unnest(ARRAY['{}', '{"alice": 5}', '{"alice": 4, "bob": 1}', '{"alice": 5, "bob": 1}',
    '{"alice": 6, "bob": 1}', '{"alice": 5, "bob": 2}', '{"alice": 8, "bob": 2}']) have;
-- a hole in the middle; the newest gone; all gone
BEGIN;
DELETE FROM synckit.deltas WHERE document_id = 'd' AND version = 5;
SELECT have, since(have) FROM generate_series(2, 6) have;
SELECT have, unseen(have::vclock) FROM unnest(ARRAY['{"alice": 7, "bob": 2}', '{"alice": 6, "bob": 2}', '{"alice": 7, "bob": 1}']) have;
DELETE FROM synckit.deltas WHERE document_id = 'd' AND version = 6;
SELECT have, since(have) FROM generate_series(5, 6) have;
SELECT have, unseen(have::vclock) FROM unnest(ARRAY['{"alice": 7, "bob": 2}', '{"alice": 8, "bob": 2}']) have;
DELETE FROM synckit.deltas;
SELECT since(0), since(6), unseen('{}'), unseen('{"alice": 8, "bob": 2}');
ROLLBACK;
-- an entry that was raised by hand counts as one more that may be missing
BEGIN;
SELECT synckit_update_clock('d', 'carol', 3);
SELECT unseen('{"alice": 5, "bob": 1}'), unseen('{"alice": 5, "bob": 1, "carol": 3}');
ROLLBACK;

-- the same answers as the rules give when they are read literally, for every clock and however the log is cut
CREATE FUNCTION by_the_rules(have vclock) RETURNS text LANGUAGE sql AS $$
    WITH RECURSIVE document AS (SELECT version, clock FROM synckit.documents WHERE id = 'm'),
    unbroken (version) AS (
        SELECT version + 1 FROM document
        UNION ALL
        SELECT l.version FROM unbroken u JOIN synckit.deltas l ON l.document_id = 'm' AND l.version = u.version - 1),
    first (f) AS (SELECT min(version) FROM unbroken)
    SELECT CASE WHEN f = 1 OR NOT EXISTS (
        SELECT FROM document, vclock_entries(clock) e
        WHERE (vclock_get(have, e.client_id) >= e.clock_value
            OR vclock_get(have, e.client_id) >= (
                SELECT min(clock_value) - 1 FROM synckit.deltas l
                WHERE l.document_id = 'm' AND l.client_id = e.client_id AND l.version >= f)) IS NOT TRUE)
    THEN (SELECT coalesce(string_agg(version::text, ' ' ORDER BY version), 'nothing') FROM synckit.deltas l
          WHERE document_id = 'm' AND clock_value > vclock_get(have, client_id))
    ELSE 'SK004' END FROM first
$$;
SELECT version FROM synckit_apply_delta('m', 'alice', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('m', 'bob', 'set', 'x', '1', clock_value => 2);
SELECT version FROM synckit_apply_delta('m', 'alice', 'set', 'x', '1', clock_value => 3);
SELECT version FROM synckit_apply_delta('m', 'carol', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('m', 'bob', 'set', 'x', '1');
SELECT version FROM synckit_apply_delta('m', 'alice', 'set', 'x', '1');
SELECT synckit_update_clock('m', 'carol', 2);
CREATE FUNCTION compare_all(OUT compared bigint, OUT refused bigint, OUT different bigint) LANGUAGE plpgsql AS $$
DECLARE
    c bigint; r bigint; d bigint;
BEGIN
    compared := 0; refused := 0; different := 0;
    FOR kept IN 0 .. 63 LOOP
        BEGIN
            DELETE FROM synckit.deltas WHERE document_id = 'm' AND (kept >> version::int - 1) & 1 = 0;
            SELECT count(*), count(*) FILTER (WHERE answer = 'SK004'), count(*) FILTER (WHERE answer <> expected) INTO c, r, d
            FROM generate_series(0, 5) alice, generate_series(0, 4) bob, generate_series(0, 3) carol,
                LATERAL vclock_build(ARRAY['alice', 'bob', 'carol'], ARRAY[alice, bob, carol]) have,
                LATERAL unseen(have, 'm') answer, LATERAL by_the_rules(have) expected;
            compared := compared + c; refused := refused + r; different := different + d;
            RAISE SQLSTATE 'ZZZZZ';
        EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
        END;
    END LOOP;
END $$;
SELECT * FROM compare_all();

-- no more of the log is read than the answer needs, along the index; a hole is noticed where it is
SELECT count(*) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', CASE WHEN i % 4 = 0 THEN 'other' ELSE 'long' END, 'clientId', 'c' || i % 10,
                                        'operationType', 'set', 'fieldPath', 'x', 'value', i))
    FROM generate_series(1, 4000) i));
ANALYZE synckit.deltas;
CREATE FUNCTION rows_read(call text) RETURNS TABLE (answer text, by_index bigint, by_scan bigint) LANGUAGE plpgsql AS $$
DECLARE
    index_before bigint; scan_before bigint;
BEGIN
    SELECT idx_tup_fetch, seq_tup_read INTO index_before, scan_before FROM pg_stat_xact_user_tables WHERE relname = 'deltas';
    BEGIN
        EXECUTE 'SELECT count(*) || '' rows'' FROM ' || call INTO answer;
    EXCEPTION WHEN OTHERS THEN
        answer := SQLSTATE;
    END;
    RETURN QUERY SELECT answer, idx_tup_fetch - index_before, seq_tup_read - scan_before
        FROM pg_stat_xact_user_tables WHERE relname = 'deltas';
END $$;
SELECT synckit_get_clock('long');
SELECT call, r.* FROM unnest(ARRAY[
    $$synckit_get_deltas('long', 5)$$,
    $$synckit_deltas_since('long', 2990)$$,
    $$synckit_deltas_since('long', 3000)$$,
    $$synckit_deltas_unseen('long', vclock_tick(synckit_get_clock('long'), 'zoe'))$$,
    $$synckit_deltas_unseen('long', '{"c0": 199, "c1": 399, "c2": 199, "c3": 399, "c4": 199, "c5": 399, "c6": 199, "c7": 399, "c8": 199, "c9": 399}')$$,
    $$synckit_deltas_unseen('long', '{"c0": 200, "c1": 398, "c2": 200, "c3": 400, "c4": 200, "c5": 400, "c6": 200, "c7": 400, "c8": 200, "c9": 400}')$$
    ]) call, LATERAL rows_read(call) r;
DELETE FROM synckit.deltas WHERE document_id = 'long' AND version IN (2, 2980);
SELECT call, r.* FROM unnest(ARRAY[
    $$synckit_deltas_since('long', 1)$$,
    $$synckit_deltas_unseen('long', '{}')$$
    ]) call, LATERAL rows_read(call) r;

SET client_min_messages = warning;
DROP SCHEMA synckit CASCADE;
DROP FUNCTION since, unseen, by_the_rules, compare_all, rows_read;
