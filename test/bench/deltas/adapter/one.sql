\set document random(1, :documents)
\set value random(1, 100000)
INSERT INTO adapter.documents (id, state)
    VALUES ('document' || (:document)::text, ('{"field1": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field2": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field4": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field5": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field6": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field7": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field8": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field9": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field10": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "field3": ' || (:value)::text || '}')::jsonb)
    ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state;
INSERT INTO adapter.vector_clocks (document_id, client_id, clock_value)
    VALUES ('document' || (:document)::text, 'client', (:value)::integer)
    ON CONFLICT (document_id, client_id)
    DO UPDATE SET clock_value = greatest(vector_clocks.clock_value, EXCLUDED.clock_value), updated_at = now();
INSERT INTO adapter.deltas (document_id, client_id, operation_type, field_path, value, clock_value)
    VALUES ('document' || (:document)::text, 'client', 'set', 'field3', to_jsonb((:value)::integer), (:value)::integer);
