-- Where the log and the tables contradict each other: no rows, whatever was done. For \i in tests.
CREATE VIEW disagreements AS
    -- versions are 1 to n, in the order in which they were merged
    SELECT DISTINCT document_id, 'versions' AS what
        FROM (SELECT document_id, version, row_number() OVER (PARTITION BY document_id ORDER BY seq) n
              FROM synckit.deltas) l WHERE version <> n
    UNION ALL
    -- the row, or the tombstone, is what the last of them made
    SELECT coalesce(d.id, l.document_id), 'row and log'
        FROM (SELECT id, version, lamport FROM synckit.documents
              UNION ALL SELECT id, version, lamport FROM synckit.tombstones) d
        FULL JOIN (SELECT DISTINCT ON (document_id) * FROM synckit.deltas ORDER BY document_id, version DESC) l
        ON l.document_id = d.id
    WHERE (d.version, d.lamport) IS DISTINCT FROM (l.version, l.lamport);
