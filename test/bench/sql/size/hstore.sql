INSERT INTO bench.sides VALUES ('size', 'hstore', 'to_hstore', 'a', 'true');
