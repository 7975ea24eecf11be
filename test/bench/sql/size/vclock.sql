INSERT INTO bench.sides VALUES ('size', 'vclock', 'to_vclock', 'a', 'true');
