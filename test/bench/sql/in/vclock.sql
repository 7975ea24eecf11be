INSERT INTO bench.sides VALUES ('in', 'vclock', 'to_json_text', 'a::vclock', 'result::text::jsonb = a');
