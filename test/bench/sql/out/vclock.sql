INSERT INTO bench.sides VALUES ('out', 'vclock', 'to_vclock', 'a::text', 'result::jsonb = a');
