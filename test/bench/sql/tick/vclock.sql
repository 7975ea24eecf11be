INSERT INTO bench.sides VALUES ('tick', 'vclock_tick', 'to_vclock', 'vclock_tick(a, client)',
    'result::text::jsonb = ticked');
