-- The ratios that matter, of what was measured.
WITH median AS (
    SELECT scenario, entries, shape, side, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS value
    FROM bench.results GROUP BY scenario, entries, shape, side
    HAVING percentile_cont(0.5) WITHIN GROUP (ORDER BY value) > 0
), line AS (
    SELECT 1 AS place, 'Core merge of 64 equal UUID clients, to a memcpy of the same bytes' AS what,
           'core' AS scenario, 64 AS entries, 'uuid equal' AS shape, 'merge' AS side, 'memcpy' AS beside,
           '%s times' AS how, 1 AS divisor
    UNION ALL
    SELECT entries, format('Core merge of two times %s disjoint UUID clients, an entry', entries),
           'core', entries, 'uuid disjoint', 'merge', NULL, '%s ns', entries * 2
    FROM (VALUES (64), (512)) AS of (entries)
    UNION ALL
    SELECT 1000, format('SQL merge of 64 UUID clients (%s): %s, to ours', shape, side),
           'merge', 64, shape, side, 'vclock_merge', '%s times', 1
    FROM (VALUES ('equal'), ('disjoint'), ('half')) AS of (shape),
         (VALUES ('hstore ||'), ('jsonb maximum'), ('jsonb join')) AS by (side)
    UNION ALL
    SELECT 2000, format('Stored size of 64 UUID clients (%s): %s, to ours', shape, side),
           'size', 64, shape, side, 'vclock', '%s times', 1
    FROM (VALUES ('value'), ('table')) AS of (shape), (VALUES ('jsonb')) AS by (side)
)
SELECT what, lpad(format(how, round((mine.value / coalesce(nullif(other.value, 0), divisor))::numeric, 1)), 14) AS measured
FROM line JOIN median AS mine USING (scenario, entries, shape, side)
LEFT JOIN median AS other ON (other.scenario, other.entries, other.shape, other.side)
                           = (line.scenario, line.entries, line.shape, line.beside)
WHERE beside IS NULL OR other.value IS NOT NULL
ORDER BY place, mine.shape, mine.side;
