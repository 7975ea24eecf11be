-- A scenario's table, of the psql variable scenario: the medians, half of the range between the least and the greatest
-- repetition, and how many times the side that all are held against: the median of the ratios within the repetitions, whose
-- turns were taken beside each other, since a machine's speed is not always the same. A difference of two queries that is not
-- above zero is noise.
SELECT title || ': median, ± half the range in %, × ' || beside || E'\n(' || unit || ')'
FROM bench.scenarios WHERE scenario = :'scenario' \g (tuples_only=on format=unaligned)

\pset footer off
WITH cell AS (
    SELECT entries, shape, side, min(place) AS place, count(*) AS repetitions,
           nullif(greatest(percentile_cont(0.5) WITHIN GROUP (ORDER BY value), 0), 0) AS median, max(value) - min(value) AS range
    FROM bench.results WHERE scenario = :'scenario' GROUP BY entries, shape, side
), ratio AS (
    SELECT entries, shape, mine.side,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY mine.value / nullif(other.value, 0)) AS ratio
    FROM bench.results AS mine JOIN bench.results AS other USING (scenario, entries, shape, repetition)
    JOIN bench.scenarios USING (scenario)
    WHERE scenario = :'scenario' AND other.side = beside AND mine.side <> beside
    GROUP BY entries, shape, mine.side
), held AS (
    SELECT cell.*, ratio, ratio.side IS NOT NULL AS is_held
    FROM cell LEFT JOIN ratio USING (entries, shape, side)
)
SELECT entries || ' ' || shape AS entries, side,
       coalesce(lpad(CASE WHEN median < 100 THEN round(median::numeric, 1) ELSE round(median::numeric) END::text, 9)
       || CASE WHEN repetitions > 1 THEN lpad('±' || round(range * 50 / nullif(median, 0)), 4) ELSE '' END
       || CASE WHEN is_held
               THEN coalesce(lpad('×' || CASE WHEN ratio < 10 THEN round(ratio::numeric, 2) ELSE round(ratio) END, 7), '')
               ELSE '' END, 'noise'),
       CASE WHEN side = (SELECT beside FROM bench.scenarios WHERE scenario = :'scenario') THEN 0
            ELSE min(place) OVER (PARTITION BY side) END AS column_place
FROM held ORDER BY min(place) OVER (PARTITION BY entries, shape)
\crosstabview entries side 3 column_place
