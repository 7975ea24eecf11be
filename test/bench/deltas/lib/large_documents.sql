-- Documents of ten fields of field_bytes each, as many as fit into 64 MB but 1,000 at most, each under all the names that the
-- scripts draw from. A third of the text is random, so that it compresses as prose does.
SELECT count(version)
FROM generate_series(1, least(1000, 6400000 / :field_bytes)) d,
     LATERAL (SELECT left(string_agg(md5(random()::text) || repeat(' word', 13), ''), :field_bytes) AS text
              FROM generate_series(0, :field_bytes / 90) WHERE d > 0) made,
     synckit_apply_delta('document' || d, 'client', 'merge', '',
                         (SELECT jsonb_object_agg('field' || f, text) FROM generate_series(1, 10) f));
