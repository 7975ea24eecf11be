-- How two clocks stand to each other: equal, before, after or concurrent.
--
-- Fair: both sides give the same word, proved for every pair. "part" is a clock that has seen all of the other, so
-- nobody can stop early; "disjoint" is where we stop at the first entries, and plain SQL cannot. The operators @> of
-- jsonb and hstore do not compare counters, so they are no peers here; see identity.
INSERT INTO bench.scenarios VALUES ('compare', 'SQL: compare two clocks', 'ns a call', 'vclock_compare');
CALL bench.measure('compare', '{equal,part,disjoint}');
