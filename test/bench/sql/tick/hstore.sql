INSERT INTO bench.sides VALUES ('tick', 'hstore ||', 'to_hstore',
    'a || hstore(client, (coalesce((a -> client)::bigint, 0) + 1)::text)', 'result = to_hstore(ticked)');
