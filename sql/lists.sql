-- Documents in pages, the one updated last first.
SELECT synckit_migrate();
\pset null NULL
\set SHOW_CONTEXT never
SELECT * FROM synckit_list_documents();
SELECT count(*) FROM (SELECT synckit_apply_delta('d' || i, 'a', 'set', 'n', to_jsonb(i)) FROM generate_series(1, 150) i) s;
SELECT count(*), count(DISTINCT id) FROM synckit_list_documents();
SELECT count(*) FROM synckit_list_documents(NULL);
SELECT id, state, version, clock FROM synckit_list_documents(3);
SELECT id FROM synckit_list_documents("limit" => 3, "offset" => 2);
SELECT id FROM synckit_list_documents(3, NULL);
SELECT count(*) FROM synckit_list_documents(0);
SELECT count(*) FROM synckit_list_documents(100, 149);
SELECT count(*) FROM synckit_list_documents(100, 150);
-- what is written to last comes first; the same columns as of one document
SELECT outcome FROM synckit_apply_delta('d7', 'a', 'set', 'n', '0');
SELECT l = g AS same FROM synckit_list_documents(1) l, synckit_get_document('d7') g;
SELECT outcome FROM synckit_apply_delta('d7', 'a', 'delete', '');
SELECT id FROM synckit_list_documents(1);

-- by key: some of them updated at the same moment, the pages hold all of them, in order, once
SET session_replication_role = replica;
UPDATE synckit.documents SET updated_at = date_trunc('hour', updated_at) WHERE id LIKE 'd%3';
RESET session_replication_role;
CREATE FUNCTION pages(size integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    FOR last IN SELECT * FROM synckit_list_documents(size) LOOP
        RETURN NEXT last.id;
    END LOOP;
    WHILE FOUND LOOP
        FOR last IN SELECT * FROM synckit_list_documents_before(last.updated_at, last.id, size) LOOP
            RETURN NEXT last.id;
        END LOOP;
    END LOOP;
END $$;
SELECT array_agg(p) = (SELECT array_agg(id::text ORDER BY updated_at DESC, id) FROM synckit.documents) AS all_in_order
FROM unnest(ARRAY[1, 2, 7, 149, 1000]) size, LATERAL (SELECT pages(size) AS p) s GROUP BY size;
SELECT count(*) FROM synckit_list_documents_before('infinity', '');
SELECT count(*) FROM synckit_list_documents_before('infinity', '', NULL);
SELECT count(*) FROM synckit_list_documents_before('-infinity', '');

-- a function that is STABLE sees what the statement that calls it sees
SELECT a.version, g.version, c FROM synckit_apply_delta('d8', 'a', 'set', 'n', '0') a, synckit_get_document('d8') g, synckit_get_clock('d8') c;

SET client_min_messages = warning;
DROP FUNCTION pages;
DROP SCHEMA synckit CASCADE;
