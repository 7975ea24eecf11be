-- The log as most tests look at it. For \i in tests.
CREATE VIEW log AS SELECT document_id AS document, version, client_id AS client, operation_type AS operation,
    field_path AS field, value, outcome
    FROM synckit.deltas ORDER BY document_id, version;
