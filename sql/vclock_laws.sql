-- The laws of the lattice, and every function against a model in plain SQL: a clock is a counter for each of seven
-- clients, 0 where it has none. The clocks come out of md5, the same ones in every run, with counters of every width.
CREATE TEMP TABLE clients AS
SELECT client, i FROM unnest(ARRAY['alice', 'bob', 'é', '50000000-0000-0000-0000-000000000000', 'a"b',
                                   '5000000z-0000-0000-0000-000000000000', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'])
    WITH ORDINALITY c (client, i);
CREATE FUNCTION pg_temp.random(seed text) RETURNS int IMMUTABLE RETURN ('x' || left(md5(seed), 6))::bit(24)::int;
-- by the text, so that nothing but vclock_in is believed; the result of = is then also that both are canonical
CREATE FUNCTION pg_temp.clock(counters bigint[]) RETURNS vclock STABLE
    RETURN (SELECT '{' || coalesce(string_agg(to_json(client) || ': ' || counters[i], ', ' ORDER BY i) , '') || '}'
            FROM clients WHERE counters[i] > 0)::vclock;
CREATE TEMP TABLE clocks AS
SELECT n, counters, pg_temp.clock(counters) AS clock
FROM generate_series(1, 120) n,
     LATERAL (SELECT array_agg((ARRAY[0, 0, 1, 2, 0, 254, 255, 256, 65535, 65536, 4294967295, 4294967296,
                                      9223372036854775806])
                               [1 + pg_temp.random(n || client) % (2 + n % 12)] ORDER BY i) AS counters FROM clients) c;
SELECT count(DISTINCT clock) AS clocks, min(vclock_size(clock)), max(vclock_size(clock)) FROM clocks;

-- functions of one clock
SELECT count(*) AS clocks,
       count(*) FILTER (WHERE vclock_size(clock) <> (SELECT count(*) FROM unnest(counters) c WHERE c > 0)) AS size,
       count(*) FILTER (WHERE ARRAY(SELECT (client_id, clock_value)::text FROM vclock_entries(clock))
                              <> ARRAY(SELECT (client, counters[i])::text FROM clients WHERE counters[i] > 0
                                       ORDER BY client COLLATE "C")) AS entries,
       count(*) FILTER (WHERE vclock_build(ARRAY(SELECT client FROM clients ORDER BY i), counters) <> clock) AS build,
       count(*) FILTER (WHERE (SELECT vclock_agg(client, counters[i]) FROM clients) <> clock) AS agg,
       count(*) FILTER (WHERE vclock_build(ARRAY(SELECT client_id FROM vclock_entries(clock)),
                                           ARRAY(SELECT clock_value FROM vclock_entries(clock))) <> clock) AS both
FROM clocks;
-- functions of a clock and a client, which may raise its counter by up to 299
CREATE FUNCTION pg_temp.changed(counters bigint[], client bigint, counter bigint) RETURNS vclock STABLE
    RETURN pg_temp.clock(counters[:client - 1] || counter || counters[client + 1:]);
CREATE TEMP TABLE entries AS
SELECT n, clock, counters, client, i, counters[i] AS counter,
       least(1 + pg_temp.random(client || n) % 299, 9223372036854775807 - counters[i]) AS step
FROM clocks, clients;
SELECT count(*) AS entries,
       count(*) FILTER (WHERE clock -> client <> counter) AS get,
       count(*) FILTER (WHERE clock ? client <> (counter > 0)) AS has,
       count(*) FILTER (WHERE vclock_tick(clock, client, step) <> pg_temp.changed(counters, i, counter + step)) AS tick,
       count(*) FILTER (WHERE vclock_advance(clock, client, step)
                              <> pg_temp.changed(counters, i, greatest(counter, step))) AS advance,
       count(*) FILTER (WHERE clock - client <> pg_temp.changed(counters, i, 0)) AS forget
FROM entries;
SELECT count(*) AS wrong FROM entries
WHERE NOT clock << vclock_tick(clock, client, step) OR NOT clock <<= vclock_advance(clock, client, step)
   OR NOT clock - client <<= clock OR (clock - client = clock) <> (counter = 0)
   OR vclock_advance(clock, client, 0) <> clock OR vclock_advance(clock - client, client, counter) <> clock
   OR (vclock_tick(clock, client, step) - client) <> (clock - client)
   OR vclock_tick(clock, client, step) <> (clock | vclock_build(ARRAY[client], ARRAY[counter + step]));

-- functions of two clocks
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE (a.clock | b.clock) <> pg_temp.clock(greatest)) AS merge,
       count(*) FILTER (WHERE (a.clock & b.clock) <> pg_temp.clock(least)) AS meet,
       count(*) FILTER (WHERE vclock_compare(a.clock, b.clock) <>
                              CASE WHEN a.counters = b.counters THEN 'equal' WHEN b.counters = greatest THEN 'before'
                                   WHEN a.counters = greatest THEN 'after' ELSE 'concurrent' END) AS compare
FROM clocks a, clocks b,
     LATERAL (SELECT array_agg(greatest(x, y)) AS greatest, array_agg(least(x, y)) AS least
              FROM unnest(a.counters, b.counters) u (x, y)) m;
-- aggregates, over clocks in groups of ten
SELECT count(*) AS groups, count(*) FILTER (WHERE merged <> pg_temp.clock(greatest)) AS merge,
       count(*) FILTER (WHERE met <> pg_temp.clock(least)) AS meet
FROM (SELECT n / 10 AS part, vclock_merge(clock) AS merged, vclock_meet(clock) AS met FROM clocks GROUP BY 1) c
     JOIN (SELECT part, array_agg(most ORDER BY i) AS greatest, array_agg(fewest ORDER BY i) AS least
           FROM (SELECT n / 10 AS part, i, max(counter) AS most, min(counter) AS fewest
                 FROM entries GROUP BY 1, 2) e GROUP BY 1) m
     USING (part);

-- the laws, on 2,000 triples
CREATE TEMP TABLE triples AS
SELECT a.clock AS a, b.clock AS b, c.clock AS c, client
FROM generate_series(1, 2000) t JOIN clocks a ON a.n = 1 + pg_temp.random('a' || t) % 120
     JOIN clocks b ON b.n = 1 + pg_temp.random('b' || t) % 120 JOIN clocks c ON c.n = 1 + pg_temp.random('c' || t) % 120
     JOIN clients ON i = 1 + t % 7;
SELECT count(*) AS triples,
       bool_and((a | b) = (b | a) AND (a & b) = (b & a)) AS commutative,
       bool_and((a | (b | c)) = ((a | b) | c) AND (a & (b & c)) = ((a & b) & c)) AS associative,
       bool_and((a | a) = a AND (a & a) = a) AS idempotent,
       bool_and((a | (a & b)) = a AND (a & (a | b)) = a) AS absorbing,
       bool_and((a | (b & c)) = ((a | b) & (a | c)) AND (a & (b | c)) = ((a & b) | (a & c))) AS distributive,
       bool_and((a | '{}') = a AND (a & '{}') = '{}' AND '{}' <<= a) AS bounded
FROM triples;
SELECT bool_and(a <<= (a | b) AND b <<= (a | b)) AS upper_bound,
       bool_and((a | b) <<= (a | b | c)) AND bool_and((a <<= c AND b <<= c) = ((a | b) <<= c)) AS least_upper_bound,
       bool_and((a & b) <<= a AND (a & b) <<= b) AS lower_bound,
       bool_and((a & b & c) <<= (a & b)) AND bool_and((c <<= a AND c <<= b) = (c <<= (a & b))) AS greatest_lower_bound,
       bool_and((a <<= b) = ((a | b) = b) AND (a <<= b) = ((a & b) = a)) AS one_order
FROM triples;
-- monotone: a <<= (a | c), and so after the same was done to both
SELECT bool_and((a | b) <<= ((a | c) | b)) AS merge, bool_and((a & b) <<= ((a | c) & b)) AS meet,
       bool_and(vclock_tick(a, client) <<= vclock_tick(a | c, client)) AS tick,
       bool_and(vclock_advance(a, client, 300) <<= vclock_advance(a | c, client, 300)) AS advance,
       bool_and((a - client) <<= ((a | c) - client)) AS forget
FROM triples;
-- causality is a partial order, and >< is what it leaves
SELECT bool_and(a <<= a AND NOT a << a AND NOT a >< a) AS reflexive,
       bool_and(NOT (a <<= b AND b <<= a) OR a = b) AS antisymmetric,
       bool_and(NOT ((a & b) <<= a AND a <<= (a | c)) OR (a & b) <<= (a | c)) AS transitive,
       bool_and((a << b)::int + (a >> b)::int + (a = b)::int + (a >< b)::int = 1) AS one_of_four,
       count(*) FILTER (WHERE a >< b) > 500 AS some_concurrent, count(*) FILTER (WHERE a << b) > 50 AS some_before
FROM triples;
