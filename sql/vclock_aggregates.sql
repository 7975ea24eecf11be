-- The aggregates of vclock: merge, meet, and vclock_agg from rows of client and counter.
\pset null NULL
CREATE TEMP TABLE seen (room text COLLATE "C", n int, clock vclock);
INSERT INTO seen VALUES
    ('a', 1, '{"x": 3, "y": 1}'), ('a', 2, '{"x": 1, "y": 300}'), ('a', 3, NULL), ('a', 4, '{"x": 2, "y": 1, "z": 1}'),
    ('b', 5, '{"x": 5}'), ('b', 6, '{}'), ('c', 7, NULL), ('d', 8, '{"x": 1}');
CREATE TEMP TABLE entries (room text COLLATE "C", client text COLLATE "C", counter bigint);
INSERT INTO entries VALUES
    ('a', 'x', 3), ('a', 'y', 1), ('a', 'y', 300), ('a', 'x', 1), ('a', NULL, 7), ('a', 'w', NULL),
    ('b', 'x', 0), ('c', NULL, NULL), ('d', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 1), ('d', 'x', 1);

-- over no rows, and over nulls alone, they are null; otherwise what is null is skipped
SELECT vclock_merge(clock), vclock_meet(clock) FROM seen WHERE false;
SELECT vclock_agg(client, counter) FROM entries WHERE false;
SELECT room, vclock_merge(clock), vclock_meet(clock) FROM seen GROUP BY room ORDER BY room;
SELECT room, vclock_agg(client, counter) FROM entries GROUP BY room ORDER BY room;
SELECT vclock_merge(clock), vclock_meet(clock) FROM seen;
SELECT vclock_agg(client, counter) FROM entries;
SELECT vclock_merge(clock) FILTER (WHERE n < 3), vclock_meet(clock) FILTER (WHERE n < 3),
       vclock_merge(clock) FILTER (WHERE n > 8),
       vclock_merge(DISTINCT clock), vclock_merge(clock ORDER BY n DESC) FROM seen;
SELECT vclock_agg(client, counter) FILTER (WHERE client = 'x'), vclock_agg(DISTINCT client, counter),
       vclock_agg(client, counter ORDER BY counter DESC) FROM entries;
SELECT room, vclock_merge(clock) FROM seen GROUP BY ROLLUP (room) ORDER BY room NULLS LAST;
SELECT room FROM entries GROUP BY room HAVING vclock_agg(client, counter) ? 'x' ORDER BY room;

-- as window functions: the state goes on after it has been read
SELECT n, vclock_merge(clock) OVER (ORDER BY n) AS merged,
       vclock_meet(clock) OVER (PARTITION BY room ORDER BY n) AS met,
       vclock_merge(clock) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS last_two
FROM seen ORDER BY n;
SELECT room, client, counter, vclock_agg(client, counter) OVER w AS so_far,
       vclock_agg(client, counter) OVER (w ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS last_three
FROM entries WINDOW w AS (ORDER BY room, client, counter) ORDER BY room, client, counter;

-- rows that are refused
SELECT vclock_agg(client, counter) FROM (VALUES ('a', 1::bigint), ('a', -1)) t (client, counter);
SELECT vclock_agg(client, counter) FROM (VALUES ('', 1::bigint)) t (client, counter);
SELECT vclock_agg(repeat('x', 256), 1);

-- vclock_agg sorts its rows in when they are 256, and then when they are as many as the clock: around these numbers,
-- with clients that come again, against plain SQL
CREATE FUNCTION pg_temp.client(i int) RETURNS text IMMUTABLE
    RETURN CASE WHEN i % 3 = 0 THEN md5(i::text)::uuid::text ELSE 'client ' || i END;
SELECT rows, clients, vclock_size(gathered) AS size, gathered = expected AS same
FROM (VALUES (1, 1), (255, 255), (256, 256), (257, 257), (256, 1), (511, 511), (512, 512), (513, 513), (768, 768),
             (1025, 1025), (3000, 100), (3000, 300), (3000, 2999)) t (rows, clients),
     LATERAL (SELECT vclock_agg(pg_temp.client(i % clients), i * 7919 % 100003) AS gathered
              FROM generate_series(1, rows) i) g,
     LATERAL (SELECT vclock_build(array_agg(client), array_agg(counter)) AS expected
              FROM (SELECT pg_temp.client(i % clients) AS client, max(i * 7919 % 100003) AS counter
                    FROM generate_series(1, rows) i GROUP BY 1) s) e
ORDER BY rows, clients;

-- 100,000 rows, in one process and in several
CREATE TABLE clock_rows AS
SELECT i, i % 7 AS part, pg_temp.client(i % 5000) AS client, (i::bigint * 7919) % 100003 AS counter,
       vclock_build(ARRAY[pg_temp.client(i % 50), 'all'], ARRAY[i, 200000 - i]::bigint[]) AS clock
FROM generate_series(1, 100000) i;
ANALYZE clock_rows;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS
SELECT vclock_agg(client, counter) AS gathered, vclock_merge(clock) AS merged, vclock_meet(clock) AS met
FROM clock_rows;
SELECT vclock_size(gathered),
       gathered = (SELECT vclock_build(array_agg(client), array_agg(counter))
                   FROM (SELECT client, max(counter) AS counter FROM clock_rows GROUP BY client) s) AS same,
       merged -> 'client 1' AS one, merged -> 'all' AS "all", vclock_size(merged), met
FROM serial;
SET max_parallel_workers_per_gather = 2;
-- clocks small and large beside the one gathered, of clients old and new, against their entries
CREATE TEMP TABLE mixed_clocks AS
SELECT n, (SELECT vclock_agg(CASE WHEN (n * 31 + i) % 3 = 0 THEN md5((n * i % 3000)::text)::uuid::text
                                  ELSE 'client ' || n * i % 5000 END, n + i)
           FROM generate_series(1, CASE n % 50 WHEN 0 THEN 1000 WHEN 7 THEN 64 ELSE 1 + n % 3 END::bigint) i) AS clock
FROM generate_series(1, 2000::bigint) n;
SELECT vclock_size(merged), merged = (SELECT vclock_agg(client_id, clock_value)
                                      FROM mixed_clocks, vclock_entries(clock)) AS same
FROM (SELECT vclock_merge(clock ORDER BY n) AS merged FROM mixed_clocks) m
UNION ALL
SELECT vclock_size(merged), merged = (SELECT vclock_agg(client_id, clock_value)
                                      FROM mixed_clocks, vclock_entries(clock))
FROM (SELECT vclock_merge(clock ORDER BY n DESC) AS merged FROM mixed_clocks) m;
SELECT vclock_size(vclock_merge(vclock_build(ARRAY['c' || i], ARRAY[i]))) FROM generate_series(1, 100000) i;
DROP TABLE mixed_clocks;

SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT vclock_agg(client, counter), vclock_merge(clock), vclock_meet(clock) FROM clock_rows;
CREATE TEMP VIEW parallel AS
SELECT a.gathered = s.gathered AS gathered, a.merged = s.merged AS merged, a.met = s.met AS met
FROM (SELECT vclock_agg(client, counter) AS gathered, vclock_merge(clock) AS merged, vclock_meet(clock) AS met
      FROM clock_rows) a, serial s;
TABLE parallel;
-- all of it by workers, so that every state is sent to the leader
SET parallel_leader_participation = off;
TABLE parallel;
-- groups, of which some workers have seen no row or nulls alone
SELECT part, vclock_size(gathered) FROM (
    SELECT part, vclock_agg(client, counter) AS gathered FROM clock_rows GROUP BY part) s ORDER BY part;
SELECT vclock_agg(client, counter) AS one_row FROM clock_rows WHERE i = 77;
SELECT vclock_agg(client, NULLIF(counter, counter)) AS nulls, vclock_merge(NULLIF(clock, clock)) AS clocks,
       vclock_agg(client, counter) FILTER (WHERE i < 0) AS none FROM clock_rows;
DROP VIEW parallel;
DROP TABLE clock_rows;
