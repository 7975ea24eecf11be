INSERT INTO bench.sides VALUES ('tick', 'jsonb_set', 'to_jsonb_value',
    'jsonb_set(a, ARRAY[client], to_jsonb(coalesce((a -> client)::bigint, 0) + 1))', 'result = ticked');
