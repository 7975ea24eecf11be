INSERT INTO bench.sides VALUES ('identity', 'jsonb =', 'to_jsonb_value', 'a = b', 'result');
