\set document random(1, :documents)
\set value random(1, 100000)
WITH document AS (
    UPDATE synckit.documents
    SET state = state || jsonb_build_object('field3', (:value)::integer), version = version + 1, lamport = lamport + 64,
        clock = vclock_tick(clock, 'client'), registers = registers, updated_at = now()
    WHERE id = 'document' || (:document)::text
    RETURNING id, version, lamport
)
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, clock_value, "timestamp", seen,
                            stamp, lamport, version, outcome, seq, xid)
SELECT id, 'client', 'set', 'field3', to_jsonb((:value)::integer), version, now(), lamport, lamport, lamport, version,
       'applied', nextval('synckit.deltas_seq'), pg_current_xact_id()
FROM document RETURNING version;
