-- Indexes on vclock: GIN for ?, >>= and >>, b-tree and hash. Each must be used, and find what a sequential scan finds.
SET jit = off; -- would be started by the costs of what is switched off here

-- 1,500 clocks of 40 clients, out of md5; some empty, some null. Beside the text ids one in four is a UUID.
CREATE TEMP TABLE client AS
SELECT i, CASE WHEN i % 4 = 0 THEN md5(i::text)::uuid::text ELSE 'client ' || i END AS id FROM generate_series(1, 40) i;
CREATE TEMP TABLE docs (n int, clock vclock);
INSERT INTO docs
SELECT n, CASE WHEN n % 100 = 0 THEN NULL
               ELSE (SELECT coalesce(vclock_agg(id, i * n % 7 + 1), '{}') FROM client
                     WHERE n % 50 <> 1 AND ('x' || left(md5(n || ' ' || i), 4))::bit(16)::int % 10 = 0) END
FROM generate_series(1, 1500) n;
SELECT count(*), count(clock), count(*) FILTER (WHERE clock = '{}') AS empty, max(vclock_size(clock)) FROM docs;

-- Answers a condition by an index and by a sequential scan: how many rows, or what is wrong.
CREATE FUNCTION pg_temp.ask(condition text, index text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    query text := 'SELECT array_agg(n ORDER BY n) FROM docs WHERE ' || condition;
    line text; plan text := ''; by_index int[]; by_scan int[];
BEGIN
    PERFORM set_config('enable_seqscan', 'off', true);
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        plan := plan || line;
    END LOOP;
    EXECUTE query INTO by_index;
    PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_bitmapscan', 'off', true),
            set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
    EXECUTE query INTO by_scan;
    PERFORM set_config('enable_bitmapscan', 'on', true), set_config('enable_indexscan', 'on', true),
            set_config('enable_indexonlyscan', 'on', true);
    RETURN CASE WHEN strpos(plan, index) = 0 THEN 'index not used'
                WHEN by_index IS DISTINCT FROM by_scan THEN 'different: ' || coalesce(by_index::text, 'none')
                ELSE coalesce(cardinality(by_scan), 0)::text END;
END $$;
CREATE TEMP TABLE conditions (n serial, condition text);
INSERT INTO conditions (condition) VALUES
    ($$clock ? 'client 1'$$), ($$clock ? 'client'$$), ($$clock ? 'nobody'$$),
    ($$clock ? (SELECT id FROM client WHERE i = 4)$$),
    ($$vclock_has(clock, 'client 1')$$), ($$vclock_has(clock, (SELECT id FROM client WHERE i = 4))$$),
    ($$clock ? upper((SELECT id FROM client WHERE i = 4))$$), ($$clock ? NULL$$),
    ($$clock ? 'client 1' AND clock ? 'client 2'$$), ($$clock ? 'client 1' OR clock ? 'client 3'$$),
    ($$clock >>= '{}'$$), ($$clock >> '{}'$$), ($$clock >>= '{"client 1": 1}'$$), ($$clock >> '{"client 1": 1}'$$),
    ($$clock >>= '{"client 1": 5}'$$), ($$clock >>= '{"client 1": 2, "client 2": 2}'$$),
    ($$clock >>= '{"client 1": 8}'$$),
    ($$clock >>= '{"nobody": 1}'$$), ($$clock >>= '{"client 1": 1, "nobody": 1}'$$), ($$clock >>= NULL$$),
    ($$'{"client 1": 3}' <<= clock$$), ($$'{"client 1": 3}' << clock$$),
    ($$clock >>= vclock_build(ARRAY(SELECT id FROM client WHERE i IN (4, 8)), '{1,1}')$$),
    ($$clock >>= (SELECT clock FROM docs WHERE n = 7)$$), ($$clock >> (SELECT clock FROM docs WHERE n = 7)$$),
    ($$clock >>= (SELECT vclock_agg('client ' || i, i) FROM generate_series(1, 1000) i)$$),
    ($$clock >>= ANY (ARRAY['{"client 1": 7}', '{"client 2": 7}']::vclock[])$$);

-- GIN
CREATE INDEX docs_gin ON docs USING gin (clock) WITH (fastupdate = off);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE clock ? 'client 1';
EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE clock >>= '{"client 1": 3}';
EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE clock >> '{"client 1": 3}';
EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE '{"client 1": 3}' <<= clock;
-- the function that stands for ? has its index
EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE vclock_has(clock, 'client 1');
EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE NOT vclock_has(clock, 'client 1');
RESET enable_seqscan;
SELECT condition, pg_temp.ask(condition, 'docs_gin') FROM conditions ORDER BY n;
-- every clock as the question
SELECT count(*) AS questions, count(*) FILTER (WHERE answer !~ '^[1-9][0-9]*$') AS wrong, sum(answer::int) AS rows
FROM (SELECT pg_temp.ask(format('clock >>= %L', clock), 'docs_gin') AS answer FROM docs
WHERE n <= 200 AND clock IS NOT NULL) s;
-- a parameter from another table
SET enable_seqscan = off;
SET enable_material = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM docs a JOIN docs b ON b.clock >>= a.clock WHERE a.n = 7;
SELECT count(*) FROM docs a JOIN docs b ON b.clock >>= a.clock WHERE a.n BETWEEN 1 AND 100;
RESET enable_material;
RESET enable_seqscan;
SET enable_bitmapscan = off;
SELECT count(*) FROM docs a JOIN docs b ON b.clock >>= a.clock WHERE a.n BETWEEN 1 AND 100;
RESET enable_bitmapscan;

-- the same after writes of every kind, first straight into the index, then by its pending list
CREATE FUNCTION pg_temp.write(step int) RETURNS void BEGIN ATOMIC
    UPDATE docs SET clock = vclock_tick(clock, 'client 1', step) WHERE n % 5 = step;
    UPDATE docs SET clock = clock - 'client 2' WHERE n % 7 = step;
    UPDATE docs SET clock = NULL WHERE n % 31 = step;
    DELETE FROM docs WHERE n % 11 = step;
    INSERT INTO docs VALUES (2000 + step, '{"client 1": 7, "nobody": 1}'), (2100 + step, '{}'), (2200 + step, NULL);
END;
CREATE TEMP VIEW answers AS SELECT string_agg(pg_temp.ask(condition, 'docs_gin'), ', ' ORDER BY n) FROM conditions;
SELECT pg_temp.write(1);
TABLE answers;
ALTER INDEX docs_gin SET (fastupdate = on);
SELECT pg_temp.write(2);
TABLE answers;
SELECT gin_clean_pending_list('docs_gin') > 0 AS were_pending;
TABLE answers;
VACUUM docs;
TABLE answers;
-- clocks that are stored compressed or out of line
INSERT INTO docs SELECT 3000 + i, (SELECT vclock_agg(md5(j::text)::uuid::text, j * i) FROM generate_series(1, 10000) j)
                                  | vclock_build(ARRAY['big ' || i], ARRAY[i])
FROM generate_series(1, 3) i;
SELECT n, vclock_size(clock), pg_column_size(clock) > 2000 AS large FROM docs WHERE n > 3000 ORDER BY n;
SELECT pg_temp.ask($$clock ? 'big 2'$$, 'docs_gin') AS big_2,
       pg_temp.ask($$clock ? md5('9999')::uuid::text$$, 'docs_gin') AS uuid,
       pg_temp.ask($$clock >>= (SELECT clock - 'big 2' FROM docs WHERE n = 3002)$$, 'docs_gin') AS all_10000;
-- what no index is asked for
SELECT pg_temp.ask($$clock <<= '{"client 1": 3}'$$, 'docs_gin'), pg_temp.ask('clock IS NULL', 'docs_gin');
SELECT count(*) FROM docs WHERE clock ? '';
-- hash
DROP INDEX docs_gin;
CREATE INDEX docs_hash ON docs USING hash (clock);
SELECT pg_temp.ask($$clock = '{}'$$, 'docs_hash'), pg_temp.ask($$clock = '{"nobody": 1, "client 1": 7}'$$, 'docs_hash'),
       pg_temp.ask($$clock = '{"nobody": 1}'$$, 'docs_hash'),
       pg_temp.ask('clock = (SELECT clock FROM docs WHERE n = 3002)', 'docs_hash') AS big;
DROP INDEX docs_hash;

-- b-tree: clocks that are too large for it are refused, as any value is
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || regexp_replace(sqlerrm, '[0-9]+', 'N', 'g');
END $$;
SELECT pg_temp.refused('CREATE INDEX docs_btree ON docs (clock)');
DELETE FROM docs WHERE n > 3000;
CREATE INDEX docs_btree ON docs (clock);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT clock FROM docs WHERE clock IS NOT NULL ORDER BY clock DESC LIMIT 3;
SELECT clock FROM docs WHERE clock > '{}' ORDER BY clock LIMIT 3;
SELECT md5(string_agg(clock::text, ' ')) AS by_index FROM (SELECT clock FROM docs ORDER BY clock) s \gset
EXPLAIN (COSTS OFF) SELECT n FROM docs WHERE clock > '{"client 1": 7}' ORDER BY clock LIMIT 3;
EXPLAIN (COSTS OFF) SELECT n FROM docs WHERE clock = '{}';
RESET enable_sort;
RESET enable_bitmapscan;
RESET enable_seqscan;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SELECT md5(string_agg(clock::text, ' ')) = :'by_index' AS same_order FROM (SELECT clock FROM docs ORDER BY clock) s;
RESET enable_indexonlyscan;
RESET enable_indexscan;
SELECT op, pg_temp.ask(format('clock %s %L', op, '{"client 1": 7}'), 'docs_btree') AS "client 1",
       pg_temp.ask(format('clock %s %L', op, '{}'), 'docs_btree') AS empty
FROM unnest(ARRAY['<', '<=', '=', '>=', '>']) op;
SELECT pg_temp.ask($$clock IN ('{}', '{"client 1": 7, "nobody": 1}')$$, 'docs_btree') AS "in",
       pg_temp.ask('clock IS NULL', 'docs_btree') AS "is null",
       pg_temp.ask($$clock BETWEEN '{"client 11": 1}' AND '{"client 1": 2}'$$, 'docs_btree') AS "between";
-- equal clocks are equal bytes, so the index keeps them once
CREATE TEMP TABLE same (clock vclock);
INSERT INTO same SELECT '{"client 1": 1, "client 2": 2}' FROM generate_series(1, 3000);
CREATE INDEX same_once ON same (clock);
CREATE INDEX same_each ON same (clock) WITH (deduplicate_items = off);
SELECT pg_relation_size('same_once') * 2 < pg_relation_size('same_each') AS deduplicated;
