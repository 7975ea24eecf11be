# Sides that each have a database of their own, and pgbench to run them: sourced by scenarios.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

# database_of SIDE
database_of() {
    echo "bench_$1"
}

in_database() {
    PGDATABASE=$(database_of "$1") sql "${@:2}"
}

# create_database SIDE [TEMPLATE]: of a side, as a copy of another's, if there is one.
create_database() {
    PGDATABASE=postgres sql --command="DROP DATABASE IF EXISTS $(database_of "$1") WITH (FORCE)" \
        --command="CREATE DATABASE $(database_of "$1") ${2:+TEMPLATE $(database_of "$2")}"
}

drop_databases() {
    local side
    for side; do
        PGDATABASE=postgres sql --command="DROP DATABASE $(database_of "$side") WITH (FORCE)"
    done
}

# ask SIDE QUERY: the rows of its answer, columns with a blank between.
ask() {
    in_database "$1" --no-align --tuples-only --field-separator=' ' --command="$2"
}

# pgbench_of SIDE FILE TRANSACTIONS OPTION…: how many transactions a second.
pgbench_of() {
    local output
    output=$(PGDATABASE=$(database_of "$1") attend "$bindir/pgbench" --no-vacuum --protocol=prepared \
        --transactions="$3" --file="$2" "${@:4}" 2>&1) || fail "pgbench: $output"
    sed -n 's/^tps = \([0-9.]*\) .*/\1/p' <<<"$output"
}

# record SCENARIO ENTRIES SHAPE SIDE VALUE
record() {
    sql --command="INSERT INTO bench.results (scenario, entries, shape, side, repetition, value)
        SELECT '$1', $2, '$3', '$4', count(*) + 1, $5 FROM bench.results
        WHERE (scenario, entries, shape, side) = ('$1', $2, '$3', '$4')"
}
