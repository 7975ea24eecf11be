INSERT INTO bench.sides VALUES ('in', 'jsonb', 'to_json_text', 'a::jsonb', 'result = a');
