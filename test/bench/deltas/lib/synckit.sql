-- An empty database of ours, and what all sides have: batches of 100 deltas, made once.
SET client_min_messages = warning;
CREATE EXTENSION synckit;
SELECT synckit_migrate();
CREATE SCHEMA bench;
CREATE TABLE bench.batches AS
SELECT i, (SELECT jsonb_agg(jsonb_build_object(
               'documentId', 'document' || 1 + floor(random() * 1000)::int, 'clientId', 'client', 'operationType', 'set',
               'fieldPath', 'field' || 1 + floor(random() * 10)::int, 'value', floor(random() * 100000)::int) ORDER BY n)
           FROM generate_series(1, 100) n WHERE i > 0) AS deltas
FROM generate_series(1, 200) i;
ALTER TABLE bench.batches ADD PRIMARY KEY (i);
