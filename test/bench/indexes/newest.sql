\set document random(1, 10000)
SELECT id, version FROM synckit.deltas WHERE document_id = 'document' || (:document)::text ORDER BY version DESC LIMIT 10;
