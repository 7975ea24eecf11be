-- Merging two clocks: the entry-wise maximum.
--
-- Fair: each side gets both clocks in its own type, ready in memory, and makes the merged one in that type. The peers
-- that make the maximum are proved to make the same clock as we do. Those that let the right side win do less work,
-- and can be used only where it is known that the right side is ahead; they are here because that is what people
-- reach for.
INSERT INTO bench.scenarios VALUES ('merge', 'SQL: merge two clocks', 'ns a call', 'vclock_merge');
CALL bench.measure('merge', '{equal,disjoint,half}');
