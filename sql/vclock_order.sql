-- The two orders of vclock: causality, which is partial, and the total order of b-trees, which extends it.

-- causality, as a table: what the row's clock is to the column's
CREATE TEMP TABLE clocks (name text COLLATE "C", clock vclock);
INSERT INTO clocks VALUES
    ('A', '{}'), ('B', '{"a": 1}'), ('C', '{"a": 2}'), ('D', '{"b": 1}'), ('E', '{"a": 1, "b": 1}'),
    ('F', '{"a": 2, "b": 1}'), ('G', '{"a": 1, "b": 300}'),
    ('H', '{"a": 2, "00000000-0000-0000-0000-00000000000a": 9223372036854775807}');
SELECT a.name, a.clock,
       string_agg(CASE vclock_compare(a.clock, b.clock)
                      WHEN 'equal' THEN '=' WHEN 'before' THEN '<' WHEN 'after' THEN '>' WHEN 'concurrent' THEN '|' END,
                  ' ' ORDER BY b.name) AS "A B C D E F G H"
FROM clocks a, clocks b GROUP BY a.name, a.clock ORDER BY a.name;
-- the operators say what vclock_compare() says
SELECT DISTINCT vclock_compare(a.clock, b.clock), a.clock = b.clock AS "=", a.clock <> b.clock AS "<>",
       a.clock << b.clock AS "<<", a.clock <<= b.clock AS "<<=", a.clock >> b.clock AS ">>",
       a.clock >>= b.clock AS ">>=",
       a.clock >< b.clock AS "><"
FROM clocks a, clocks b ORDER BY 1;
-- forgetting on one side only changes how two clocks stand to each other
SELECT vclock_compare('{"a": 1, "b": 2}'::vclock - 'b', '{"a": 1, "b": 2}'),
       vclock_compare('{"a": 2, "b": 2}'::vclock - 'b', '{"a": 1, "b": 2}');

-- the total order: the first client, by the bytes of the ids, whose counters differ decides; a missing one counts as 0
SELECT clock FROM (VALUES
    ('{"a": 1, "b": 5}'::vclock), ('{"a": 2}'), ('{"b": 9}'), ('{}'), ('{"a": 1}'), ('{"a": 1, "b": 4, "c": 9}'),
    ('{"A": 1}'), ('{"é": 1}'), ('{"z": 1}'), ('{"日本": 1}'), ('{"aa": 1}'), ('{"a": 1, "aa": 1}'), ('{"a": 256}'),
    ('{"a": 65536}'), ('{"a": 255}'), ('{"a": 9223372036854775807}'), ('{"a": 4294967296}')) t (clock) ORDER BY clock;
-- UUIDs stand among the other ids, as their text does
SELECT clock FROM (VALUES
    ('{"50000000-0000-0000-0000-000000000000": 1}'::vclock), ('{"5": 1}'), ('{"50000000": 1}'), ('{"6": 1}'),
    ('{"4": 1}'), ('{"50000000-0000-0000-0000-00000000000A": 1}'), ('{"50000000-0000-0000-0000-0000000000000": 1}'),
    ('{"50000000-0000-0000-0000-00000000000a": 1}'), ('{"a0000000-0000-0000-0000-000000000000": 1}'), ('{"a": 1}'),
    ('{"b": 1}'), ('{"5": 1, "50000000-0000-0000-0000-000000000000": 1}'),
    ('{"50000000-0000-0000-0000-000000000000": 1, "6": 1}'), ('{"50000000-0000-0000-0000-000000000000": 2}'),
    ('{"50000000-0000-0000-0000-000000000000": 1, "5": 2}')) t (clock)
ORDER BY clock DESC;

-- 200 clocks out of md5: the same ones in every run. As a vector of counters over all clients, in the order of the ids'
-- bytes, a clock is an array; arrays are ordered by the first element that differs, so they are the model of the order.
CREATE TEMP TABLE clients AS
SELECT client, row_number() OVER (ORDER BY client COLLATE "C") AS place
FROM unnest(ARRAY['alice', '5', '50000000-0000-0000-0000-000000000000', '50000000-0000-0000-0000-00000000000A',
                  'a0000000-0000-0000-0000-000000000000', 'é', 'a', 'Zoe']) client;
CREATE TEMP TABLE many AS
SELECT n, vclock_build(array_agg(client), array_agg(counter)) AS clock, array_agg(counter ORDER BY place) AS vector
FROM (SELECT n, client, place,
             (ARRAY[0, 0, 0, 1, 1, 2, 256, 70000]::bigint[])[1 + ('x' || random)::bit(16)::int % 8] AS counter
      FROM generate_series(1, 200) n, clients, LATERAL left(md5(n || ' ' || client), 4) random) s
GROUP BY n;
INSERT INTO many SELECT n + 1000, clock, vector FROM many WHERE n % 10 = 0; -- equal ones
CREATE TEMP TABLE pairs AS
SELECT a.clock AS a, b.clock AS b, a.vector AS x, b.vector AS y,
       (SELECT bool_and(p <= q) FROM unnest(a.vector, b.vector) t (p, q)) AS at_most,
       (SELECT bool_and(p >= q) FROM unnest(a.vector, b.vector) t (p, q)) AS at_least
FROM many a, many b;
SELECT vclock_compare(a, b), count(*) FROM pairs GROUP BY 1 ORDER BY 1;
SELECT count(*) AS wrong FROM pairs
WHERE (a < b) <> (x < y) OR (a <= b) <> (x <= y) OR (a = b) <> (x = y) OR (a <> b) <> (x <> y) OR (a >= b) <> (x >= y)
   OR (a > b) <> (x > y) OR sign(vclock_cmp(a, b)) <> (x > y)::int - (x < y)::int;
SELECT count(*) AS wrong FROM pairs
WHERE (a <<= b) <> at_most OR (a >>= b) <> at_least OR (a << b) <> (at_most AND NOT at_least)
   OR (a >> b) <> (at_least AND NOT at_most) OR (a >< b) <> (NOT at_least AND NOT at_most)
   OR vclock_compare(a, b) <> CASE WHEN at_most AND at_least THEN 'equal' WHEN at_most THEN 'before'
                                   WHEN at_least THEN 'after' ELSE 'concurrent' END;
SELECT count(*) AS causal, count(*) FILTER (WHERE NOT a < b) AS not_below FROM pairs WHERE a << b;
SELECT count(*) AS wrong FROM pairs
WHERE a = b AND (vclock_hash(a) <> vclock_hash(b) OR vclock_hash_extended(a, 42) <> vclock_hash_extended(b, 42));
-- the low half of the extended hash with seed 0 is the hash, as Postgres asks for
SELECT count(*) AS wrong FROM many
WHERE vclock_hash_extended(clock, 0) & 4294967295 <> vclock_hash(clock)::bigint & 4294967295;
SELECT count(DISTINCT clock) AS clocks, count(DISTINCT vclock_hash(clock)) > 190 AS spread,
       count(DISTINCT vclock_hash_extended(clock, 7)) > 190 AS extended,
       bool_and(vclock_hash_extended(clock, 7) <> vclock_hash_extended(clock, 8)) AS seeded
FROM many;

-- sort, distinct, group, join: each by each of its plans
ANALYZE many;
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT DISTINCT clock FROM many;
SELECT count(*) AS distinct_by_sort FROM (SELECT DISTINCT clock FROM many) s;
RESET enable_hashagg;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT clock, count(*) FROM many GROUP BY clock;
SELECT count(*) AS distinct_by_hash, sum(c) AS all_rows FROM (SELECT clock, count(*) AS c FROM many GROUP BY clock) s;
RESET enable_sort;
SELECT count(DISTINCT vector) AS distinct_vectors, count(*) AS all_rows FROM many;
EXPLAIN (COSTS OFF) SELECT clock FROM many ORDER BY clock;
SELECT count(*) AS wrong FROM (SELECT vector, lag(vector) OVER (ORDER BY clock) AS before FROM many) s
WHERE before > vector;
SET enable_nestloop = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many a JOIN many b ON a.clock = b.clock;
SELECT count(*) AS hash_join FROM many a JOIN many b ON a.clock = b.clock;
RESET enable_mergejoin;
SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many a JOIN many b ON a.clock = b.clock;
SELECT count(*) AS merge_join FROM many a JOIN many b ON a.clock = b.clock;
SELECT count(*) AS full_join, count(a.n) AS "left", count(b.n) AS "right"
FROM (SELECT * FROM many WHERE n <= 150) a FULL JOIN (SELECT * FROM many WHERE n > 70) b ON a.clock = b.clock;
RESET enable_hashjoin;
RESET enable_nestloop;
SELECT count(*) AS same_vector FROM many a JOIN many b ON a.vector = b.vector;
SELECT count(*) FROM (SELECT clock FROM many WHERE n <= 150 INTERSECT SELECT clock FROM many WHERE n > 70) s;

-- unique
CREATE TEMP TABLE once (clock vclock UNIQUE);
INSERT INTO once VALUES ('{"a": 1}'), ('{}'), (NULL), (NULL);
INSERT INTO once VALUES ('{"b": 0, "a": 1}');
INSERT INTO once VALUES ('{"a": 0}');
INSERT INTO once VALUES ('{"a": 1}')
    ON CONFLICT (clock) DO UPDATE SET clock = vclock_tick(once.clock, 'a') RETURNING clock;
SELECT clock FROM once ORDER BY clock;
-- and partitions by hash and by range
CREATE TEMP TABLE hashed (clock vclock) PARTITION BY HASH (clock);
CREATE TEMP TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TEMP TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hashed SELECT clock FROM many;
SELECT count(*), count(*) FILTER (WHERE tableoid = 'hashed_0'::regclass) BETWEEN 60 AND 160 AS spread FROM hashed;
SELECT count(*) AS found FROM many m WHERE EXISTS (SELECT FROM hashed h WHERE h.clock = m.clock);
CREATE TEMP TABLE ranged (clock vclock) PARTITION BY RANGE (clock);
CREATE TEMP TABLE ranged_low PARTITION OF ranged FOR VALUES FROM (MINVALUE) TO ('{"a": 1}');
CREATE TEMP TABLE ranged_high PARTITION OF ranged FOR VALUES FROM ('{"a": 1}') TO (MAXVALUE);
INSERT INTO ranged VALUES ('{}'), ('{"b": 7}'), ('{"a": 1}'), ('{"a": 1, "b": 1}') RETURNING tableoid::regclass, clock;
