-- 1,000 documents, of which each has 1,000 fields with a number of five digits.
SELECT count(version) FROM generate_series(1, 1000) d, synckit_apply_delta('document' || d, 'client', 'merge', '', (
    SELECT jsonb_object_agg('field' || f, 10000 + f) FROM generate_series(1, 1000) f WHERE d > 0));
