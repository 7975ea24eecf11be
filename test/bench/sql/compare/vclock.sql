INSERT INTO bench.sides VALUES ('compare', 'vclock_compare', 'to_vclock', 'vclock_compare(a, b)', 'result = compared');
