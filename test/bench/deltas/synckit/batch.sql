\set i random(1, 200)
SELECT count(version) FROM bench.batches, synckit_apply_deltas(deltas) WHERE i = :i;
