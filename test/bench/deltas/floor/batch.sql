\set i random(1, 200)
WITH input AS MATERIALIZED (
    SELECT delta->>'documentId' AS document, delta->>'clientId' AS client, delta->>'operationType' AS operation,
           delta->>'fieldPath' AS field, delta->'value' AS value, n,
           row_number() OVER (PARTITION BY delta->>'documentId' ORDER BY n) AS nth
    FROM bench.batches, jsonb_array_elements(deltas) WITH ORDINALITY AS element (delta, n) WHERE i = :i
), patch AS (
    SELECT document, count(*) AS deltas, jsonb_object_agg(field, value ORDER BY n) AS fields, max(client) AS client
    FROM input GROUP BY document
), document AS (
    UPDATE synckit.documents AS d
    SET state = state || fields, version = version + deltas, lamport = lamport + 64 * deltas,
        clock = vclock_tick(clock, client), registers = registers, updated_at = now()
    FROM patch WHERE d.id = document
    RETURNING id, version - deltas AS version, lamport - 64 * deltas AS lamport
), log AS (
    INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, clock_value, "timestamp", seen,
                                stamp, lamport, version, outcome, seq, xid)
    SELECT id, client, operation, field, value, version + nth, now(), lamport + 64 * nth, lamport + 64 * nth,
           lamport + 64 * nth, version + nth, 'applied', nextval('synckit.deltas_seq'), pg_current_xact_id()
    FROM input JOIN document ON id = document ORDER BY id, n RETURNING version
)
SELECT count(version) FROM log;
