SELECT id, seq FROM synckit.deltas WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) ORDER BY seq LIMIT 1000;
