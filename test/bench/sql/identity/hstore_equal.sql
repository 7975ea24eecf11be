INSERT INTO bench.sides VALUES ('identity', 'hstore =', 'to_hstore', 'a = b', 'result');
