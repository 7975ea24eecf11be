INSERT INTO bench.sides VALUES ('identity', 'vclock =', 'to_vclock', 'a = b', 'result');
