INSERT INTO bench.sides VALUES ('merge', 'vclock_merge', 'to_vclock', 'vclock_merge(a, b)',
    'result::text::jsonb = merged');
