-- 1,000 documents of ten fields of 50 characters.
SELECT count(version) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'document' || d, 'clientId', 'client', 'operationType', 'merge',
                                        'value', (SELECT jsonb_object_agg('field' || f, repeat('x', 50))
                                                  FROM generate_series(1, 10) f)))
    FROM generate_series(1, 1000) d));
