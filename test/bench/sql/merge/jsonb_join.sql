-- The maximum in plain SQL, by a join. Faster than grouping both by key, with max(), in each spelling of that (of the
-- values as bigint or numeric, of jsonb_each or jsonb_each_text).
INSERT INTO bench.sides VALUES ('merge', 'jsonb join', 'to_jsonb_value',
    '(SELECT jsonb_object_agg(key, greatest(x.value, y.value))
      FROM jsonb_each(a) AS x FULL JOIN jsonb_each(b) AS y USING (key))',
    'result = merged');
