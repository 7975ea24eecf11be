-- 10,000 documents of 20 deltas each, and 10,000 sessions of 2,000 users.
SELECT sum((SELECT count(version) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'document' || d, 'clientId', 'client' || round % 5, 'operationType', 'set',
                                        'fieldPath', 'field' || 1 + round % 10, 'value', d))
    FROM generate_series(1, 10000) d WHERE round > 0)))) FROM generate_series(1, 20) round;
SELECT count(*) FROM (SELECT synckit_save_session('session' || i, 'user' || i % 2000) FROM generate_series(1, 10000) i) s;
VACUUM ANALYZE synckit.documents;
VACUUM ANALYZE synckit.deltas;
VACUUM ANALYZE synckit.sessions;
