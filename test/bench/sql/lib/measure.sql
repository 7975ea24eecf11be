-- What the scenarios share: a table of results, made-up clocks, and a procedure that times the sides of a scenario.
-- Loaded once a run, into an empty database.
--
-- A call is timed within the server, as the difference of two queries that are alike but for the call: over values that
-- lie ready in memory, so that neither reading the table nor TOAST is part of it.

CREATE EXTENSION synckit;
CREATE EXTENSION hstore;
CREATE SCHEMA bench;
ALTER DATABASE bench SET search_path = bench, public;
SET search_path = bench, public;

-- In the order in which they ran. beside: the side whose median the others are shown as multiples of.
CREATE TABLE scenarios (
    scenario text PRIMARY KEY,
    title text NOT NULL,
    unit text NOT NULL,
    beside text NOT NULL,
    place serial
);

CREATE TABLE results (
    scenario text NOT NULL,
    entries integer NOT NULL,
    shape text NOT NULL,
    side text NOT NULL,
    repetition integer NOT NULL,
    value float8 NOT NULL,
    place serial
);

-- Who does the work of a scenario, and how: a row a side, in a file of its own.
CREATE TABLE sides (
    scenario text NOT NULL,
    side text NOT NULL,
    make text NOT NULL,        -- the function that makes its values of jsonb
    call text NOT NULL,        -- what is timed, of a, b (its values) and client (text)
    proof text NOT NULL,       -- whether the result is right, of result and the columns of inputs
    PRIMARY KEY (scenario, side)
);

CREATE FUNCTION to_jsonb_value(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE RETURN $1;
CREATE FUNCTION to_vclock(jsonb) RETURNS vclock LANGUAGE sql IMMUTABLE RETURN $1::text::vclock;
CREATE FUNCTION to_hstore(jsonb) RETURNS hstore LANGUAGE sql IMMUTABLE
    RETURN (SELECT hstore(array_agg(key), array_agg(value)) FROM jsonb_each_text($1));

-- The pairs of one cell of a table, and what is to come of them, by plain arithmetic on rows. The shape says which
-- clients b has beside those of a:
--   equal     the same
--   disjoint  none of them
--   half      every other one, and as many others
--   part      every other one, with the same counters: a has seen all of b
--   same      b is a
-- and which client ticks: known, one that a has (b is of no interest then); otherwise one that it has not.
CREATE TABLE inputs (
    pair integer, a jsonb, b jsonb, client text,
    merged jsonb, ticked jsonb, compared text
);

CREATE PROCEDURE make_inputs(entries integer, shape text, pairs integer) LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE inputs;
    PERFORM setseed(0.5);
    INSERT INTO inputs
    WITH drawn AS MATERIALIZED (
        SELECT pair, i,
               md5(format('a %s %s', pair, i))::uuid AS mine,
               CASE WHEN shape IN ('equal', 'same', 'part') OR shape = 'half' AND i % 2 = 0
                    THEN md5(format('a %s %s', pair, i))::uuid
                    ELSE md5(format('b %s %s', pair, i))::uuid
               END AS theirs,
               1 + floor(random() * 254)::bigint AS x,
               1 + floor(random() * 254)::bigint AS y,
               random() AS lot
        FROM generate_series(1, pairs) AS pair, generate_series(1, entries) AS i
    ), entry AS (
        SELECT pair, mine AS client, x, NULL::bigint AS y FROM drawn
        UNION ALL
        SELECT pair, theirs, NULL, CASE WHEN shape IN ('same', 'part') THEN x ELSE y END
        FROM drawn WHERE shape <> 'part' OR i % 2 = 0
    ), client AS (
        SELECT pair, client, max(x) AS x, max(y) AS y FROM entry GROUP BY pair, client
    ), clocks AS (
        SELECT pair,
               jsonb_object_agg(client, x) FILTER (WHERE x IS NOT NULL) AS a,
               jsonb_object_agg(client, y) FILTER (WHERE y IS NOT NULL) AS b,
               jsonb_object_agg(client, greatest(x, y)) AS merged,
               CASE (bool_or(coalesce(x, 0) > coalesce(y, 0)), bool_or(coalesce(x, 0) < coalesce(y, 0)))
                   WHEN (true, true) THEN 'concurrent'
                   WHEN (true, false) THEN 'after'
                   WHEN (false, true) THEN 'before'
                   ELSE 'equal'
               END AS compared
        FROM client GROUP BY pair
    ), ticking AS (
        SELECT DISTINCT ON (pair) pair,
               CASE WHEN shape = 'known' THEN mine ELSE md5('c ' || pair)::uuid END::text AS client,
               CASE WHEN shape = 'known' THEN x ELSE 0 END + 1 AS next
        FROM drawn ORDER BY pair, lot
    )
    SELECT pair, a, b, client, merged, a || jsonb_build_object(client, next), compared
    FROM clocks JOIN ticking USING (pair);
    IF (SELECT count(*) FROM inputs) <> pairs THEN
        RAISE EXCEPTION 'there are % pairs, not %', (SELECT count(*) FROM inputs), pairs;
    END IF;
END
$$;

-- How long a query takes, in nanoseconds, whose one number must be what is expected.
CREATE FUNCTION timed(query text, expected bigint) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    ended timestamptz;
    found bigint;
BEGIN
    began := clock_timestamp();
    EXECUTE query INTO found;
    ended := clock_timestamp();
    IF found IS DISTINCT FROM expected THEN
        RAISE EXCEPTION '% calls, not %: %', found, expected, query;
    END IF;
    RETURN extract(epoch FROM ended - began) * 1e9;
END
$$;

-- The sides of a scenario on the pairs of inputs: each is proved first, then they take turns.
CREATE PROCEDURE measure_cell(of_scenario text, entries integer, shape text) LANGUAGE plpgsql AS $$
DECLARE
    repetitions constant integer := current_setting('bench.repetitions');
    nanoseconds constant float8 := current_setting('bench.milliseconds')::float8 * 1e6;
    pairs constant bigint := (SELECT count(*) FROM inputs);
    values_of constant text :=
        '(SELECT unnest(a) AS a, unnest(b) AS b, unnest(client) AS client FROM %s)';
    per_call constant text := 'WITH pair AS MATERIALIZED ' || values_of ||
        ' SELECT sum(num_nonnulls(%s)) FROM generate_series(1, %s), pair';
    at_once integer; -- calls a row: of a cheap one many, so that it is not lost in what a row costs
    side record;
    wrong bigint;
    time float8;
    calls bigint;
    times bigint;
    full_call text;
    bare text;
BEGIN
    DROP TABLE IF EXISTS turns;
    CREATE TEMP TABLE turns (place serial, side text, times bigint, full_call text, bare text);
    FOR side IN SELECT *, 'values_' || row_number() OVER (ORDER BY sides.side) AS prepared
                FROM sides WHERE scenario = of_scenario LOOP
        EXECUTE format('DROP TABLE IF EXISTS %s', side.prepared);
        EXECUTE format('CREATE TEMP TABLE %s AS SELECT array_agg(%s(a) ORDER BY pair) AS a,
                            array_agg(%2$s(b) ORDER BY pair) AS b, array_agg(client ORDER BY pair) AS client
                        FROM inputs LIMIT 0', side.prepared, side.make);
        EXECUTE format('ALTER TABLE %s ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL', side.prepared);
        EXECUTE format('INSERT INTO %s SELECT array_agg(%s(a) ORDER BY pair),
                            array_agg(%2$s(b) ORDER BY pair), array_agg(client ORDER BY pair)
                        FROM inputs', side.prepared, side.make);

        EXECUTE format('SELECT count(*) FROM inputs JOIN
                            (SELECT row_number() OVER () AS pair, %s AS result FROM ' || values_of || ' AS pair) AS done
                            USING (pair)
                        WHERE (%s) IS TRUE', side.call, side.prepared, side.proof) INTO wrong;
        wrong := pairs - wrong;
        IF wrong <> 0 THEN
            RAISE EXCEPTION '%, %, % entries, %: % of % results are wrong',
                of_scenario, side.side, entries, shape, wrong, pairs;
        END IF;

        calls := 1;
        at_once := 1;
        LOOP
            bare := format(per_call, side.prepared, repeat('a, ', at_once - 1) || 'a', calls);
            full_call := format(per_call, side.prepared, repeat(side.call || ', ', at_once - 1) || side.call, calls);
            times := calls * pairs * at_once;
            time := timed(full_call, times) - timed(bare, times);
            IF at_once = 1 AND time > nanoseconds / 20 AND time / times < 2000 THEN
                at_once := 8;
                calls := greatest(calls / at_once, 1);
                CONTINUE;
            END IF;
            EXIT WHEN time > nanoseconds / 2;
            calls := calls * greatest(2, least(10, ceil(nanoseconds / greatest(time, 1))));
        END LOOP;
        INSERT INTO turns (side, times, full_call, bare) VALUES (side.side, times, full_call, bare);
    END LOOP;

    FOR repetition IN 1 .. repetitions LOOP
        FOR side IN SELECT * FROM turns ORDER BY place LOOP
            time := timed(side.full_call, side.times) - timed(side.bare, side.times);
            INSERT INTO results (scenario, entries, shape, side, repetition, value)
            VALUES (of_scenario, entries, shape, side.side, repetition, time / side.times);
        END LOOP;
    END LOOP;
END
$$;

CREATE PROCEDURE measure(scenario text, shapes text[]) LANGUAGE plpgsql AS $$
DECLARE
    entries integer;
    shape text;
BEGIN
    FOREACH entries IN ARRAY '{1, 8, 64, 512}'::integer[] LOOP
        FOREACH shape IN ARRAY shapes LOOP
            CONTINUE WHEN entries = 1 AND shape IN ('half', 'part'); -- there is no half of one
            CALL make_inputs(entries, shape, CASE WHEN entries > 64 THEN 64 ELSE 256 END);
            CALL measure_cell(scenario, entries, shape);
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;
