INSERT INTO bench.sides VALUES ('tick', 'jsonb ||', 'to_jsonb_value',
    'a || jsonb_build_object(client, coalesce((a -> client)::bigint, 0) + 1)', 'result = ticked');
