-- From what Google Benchmark has written, a line a row in core_line, to results.
CREATE TEMP TABLE raw AS
SELECT place, f[1] AS operation, f[2] AS ids, f[3]::integer AS entries, f[4] AS shape, f[5]::float8 AS value
FROM bench.core_line, regexp_match(line, '^"([a-z ]+)/([a-z]+)/([0-9]+)/([a-z ]*)",[^,]*,[^,]*,([^,]*),ns,') AS f
WHERE f IS NOT NULL;
INSERT INTO bench.scenarios VALUES
    ('core', 'Core: operations on two clocks', 'ns a call', 'memcpy'),
    ('core-one', 'Core: operations on one clock', 'ns a call', 'memcpy');
INSERT INTO bench.results (scenario, entries, shape, side, repetition, value)
SELECT 'core', entries, ids || ' ' || shape, operation,
       row_number() OVER (PARTITION BY operation, ids, entries, shape ORDER BY place), value
FROM raw WHERE operation IN ('memcpy', 'merge', 'meet', 'compare', 'order')
ORDER BY ids DESC, entries, array_position('{equal,wide,one more,disjoint,half,part}', shape),
         array_position('{memcpy,merge,meet,compare,order}', operation), place;
INSERT INTO bench.results (scenario, entries, shape, side, repetition, value)
SELECT 'core-one', entries, ids, rtrim(operation || ' ' || CASE operation WHEN 'memcpy' THEN '' ELSE shape END),
       row_number() OVER (PARTITION BY operation, ids, entries, shape ORDER BY place), value
FROM raw WHERE operation NOT IN ('merge', 'meet', 'compare', 'order')
               AND (operation <> 'memcpy' OR shape = 'equal')
ORDER BY ids DESC, entries, array_position('{memcpy,tick,text in,text out,wire in,wire out}', operation),
         shape, place;
