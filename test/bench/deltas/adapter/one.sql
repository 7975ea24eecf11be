\set document random(1, :documents)
\set value random(1, 100000)
INSERT INTO adapter.documents (id, state) SELECT id, state || jsonb_build_object('field3', (:value)::integer)
    FROM adapter.documents WHERE id = 'document' || (:document)::text
    ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, version = documents.version + 1, updated_at = now();
INSERT INTO adapter.vector_clocks (document_id, client_id, clock_value) VALUES ('document' || (:document)::text, 'client', (:value)::integer)
    ON CONFLICT (document_id, client_id) DO UPDATE SET clock_value = greatest(vector_clocks.clock_value, EXCLUDED.clock_value), updated_at = now();
INSERT INTO adapter.deltas (document_id, client_id, operation_type, field_path, value, clock_value)
    VALUES ('document' || (:document)::text, 'client', 'set', 'field3', to_jsonb((:value)::integer), (:value)::integer);
