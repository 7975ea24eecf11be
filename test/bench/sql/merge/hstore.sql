-- No maximum: the right side wins.
INSERT INTO bench.sides VALUES ('merge', 'hstore ||', 'to_hstore', 'a || b',
    'cardinality(akeys(result)) = (SELECT count(*) FROM jsonb_object_keys(merged)) AND result @> to_hstore(b)');
