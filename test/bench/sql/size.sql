-- What clocks take at rest, in clocks of UUID clients with counters up to 254.
--
-- "value" is the value alone (pg_column_size, compressed where Postgres compresses it), "table" a document's share of
-- a table with its primary key and TOAST. Fair: every table names the document by a UUID, which is its primary key;
-- the rows side keeps clients as uuid and counters as bigint, the smallest that plain columns do the same with, and
-- document and client are its primary key.
INSERT INTO bench.scenarios VALUES ('size', 'Stored size of a clock', 'bytes a document', 'vclock');

CREATE PROCEDURE bench.measure_size(entries integer, pairs integer) LANGUAGE plpgsql AS $$
DECLARE
    side record;
    bytes float8;
BEGIN
    CALL bench.make_inputs(entries, 'equal', pairs);
    FOR side IN SELECT sides.side AS name, make FROM bench.sides WHERE scenario = 'size' LOOP
        EXECUTE format('CREATE TABLE bench.stored AS
                        SELECT md5(pair::text)::uuid AS document, bench.%s(a) AS clock FROM bench.inputs LIMIT 0',
                       side.make);
        ALTER TABLE bench.stored ADD PRIMARY KEY (document);
        EXECUTE format('INSERT INTO bench.stored SELECT md5(pair::text)::uuid, bench.%s(a) FROM bench.inputs',
                       side.make);
        EXECUTE 'SELECT avg(pg_column_size(clock)) FROM bench.stored' INTO bytes;
        INSERT INTO bench.results (scenario, entries, shape, side, repetition, value)
        VALUES ('size', entries, 'value', side.name, 1, bytes),
               ('size', entries, 'table', side.name, 1, pg_total_relation_size('bench.stored') / pairs::float8);
        IF (SELECT count(*) FROM bench.stored) <> pairs THEN
            RAISE EXCEPTION 'the table of % has not % rows', side.name, pairs;
        END IF;
        DROP TABLE bench.stored;
    END LOOP;
    CREATE TABLE bench.stored (document uuid, client uuid, counter bigint NOT NULL, PRIMARY KEY (document, client));
    INSERT INTO bench.stored
    SELECT md5(pair::text)::uuid, key::uuid, value::bigint FROM bench.inputs, jsonb_each(a);
    IF (SELECT count(*) FROM bench.stored) <> entries::bigint * pairs THEN
        RAISE EXCEPTION 'the table of rows has not % rows', entries * pairs;
    END IF;
    INSERT INTO bench.results (scenario, entries, shape, side, repetition, value)
    VALUES ('size', entries, 'table', 'rows', 1, pg_total_relation_size('bench.stored') / pairs::float8);
    DROP TABLE bench.stored;
END
$$;

-- So many that what a table takes at least does not count.
CALL bench.measure_size(1, 8192);
CALL bench.measure_size(8, 4096);
CALL bench.measure_size(64, 1024);
CALL bench.measure_size(512, 128);
