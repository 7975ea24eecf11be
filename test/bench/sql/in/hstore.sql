INSERT INTO bench.sides VALUES ('in', 'hstore', 'to_hstore_text', 'a::hstore', 'result = to_hstore(a)');
