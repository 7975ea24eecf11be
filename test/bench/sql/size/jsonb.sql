INSERT INTO bench.sides VALUES ('size', 'jsonb', 'to_jsonb_value', 'a', 'true');
