INSERT INTO bench.sides VALUES ('out', 'jsonb', 'to_jsonb_value', 'a::text', 'result::jsonb = a');
