-- No maximum: the right side wins.
INSERT INTO bench.sides VALUES ('merge', 'jsonb ||', 'to_jsonb_value', 'a || b',
    '(SELECT count(*) FROM jsonb_object_keys(result)) = (SELECT count(*) FROM jsonb_object_keys(merged))
     AND result @> b');
