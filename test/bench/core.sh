# The clock's operations in the pure core, without Postgres (clock_bench.cpp), beside a memcpy of the bytes that they
# return: sourced by scripts/bench.
#
# Fair: built with the flags of the shipped library; operations and memcpy take turns on the same clocks, with results
# written to the same place; repetitions are interleaved at random.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

core_raw=$state/bench/core.google-benchmark.csv
attend "$root/build/clock_bench" --benchmark_out="$core_raw" --benchmark_out_format=csv \
    --benchmark_repetitions="$repetitions" --benchmark_min_time="$core_seconds" \
    --benchmark_enable_random_interleaving=true >"$state/log/clock_bench.log" 2>&1

sql --command='CREATE TABLE bench.core_line (place serial, line text)' \
    --command="\\copy bench.core_line (line) FROM '$core_raw' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')" \
    --file="$root/test/bench/sql/lib/core.sql"
