INSERT INTO bench.sides VALUES ('out', 'hstore', 'to_hstore', 'a::text', 'result::hstore = to_hstore(a)');
