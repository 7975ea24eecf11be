-- A scenario's table, of the psql variable scenario: the medians, half of the range between the least and the greatest
-- repetition, and how many times the median of the side that all are held against. A difference of two queries that is
-- not above zero is noise.
SELECT title || ': median, ± half the range in %, × ' || beside || E'\n(' || unit || ')'
FROM bench.scenarios WHERE scenario = :'scenario' \g (tuples_only=on format=unaligned)

\pset footer off
WITH cell AS (
    SELECT entries, shape, side, min(place) AS place, count(*) AS repetitions,
           nullif(greatest(percentile_cont(0.5) WITHIN GROUP (ORDER BY value), 0), 0) AS median, max(value) - min(value) AS range
    FROM bench.results WHERE scenario = :'scenario' GROUP BY entries, shape, side
), held AS (
    SELECT cell.*, median / nullif(first_value(median) OVER
               (PARTITION BY entries, shape ORDER BY (side = beside) DESC), 0) AS ratio,
           bool_or(side = beside) OVER (PARTITION BY entries, shape) AND side <> beside AS is_held
    FROM cell, bench.scenarios WHERE scenario = :'scenario'
)
SELECT entries || ' ' || shape AS entries, side,
       coalesce(lpad(CASE WHEN median < 100 THEN round(median::numeric, 1) ELSE round(median::numeric) END::text, 9)
       || CASE WHEN repetitions > 1 THEN lpad('±' || round(range * 50 / nullif(median, 0)), 4) ELSE '' END
       || CASE WHEN is_held
               THEN coalesce(lpad('×' || CASE WHEN ratio < 100 THEN round(ratio::numeric, 1) ELSE round(ratio) END, 7), '')
               ELSE '' END, 'noise'),
       CASE WHEN side = (SELECT beside FROM bench.scenarios WHERE scenario = :'scenario') THEN 0
            ELSE min(place) OVER (PARTITION BY side) END AS column_place
FROM held ORDER BY min(place) OVER (PARTITION BY entries, shape)
\crosstabview entries side 3 column_place
