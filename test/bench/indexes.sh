# What each index of synckit's tables is for, and what it costs: the queries that it serves, with and without it, in a log of
# 200,000 deltas of 10,000 documents (indexes); and the rate of single deltas with all indexes, and without one of them
# (indexes-cost). Sourced by scripts/bench.
#
# Fair: the side without is a copy of the same tables, analyzed, from which the index was dropped; Postgres plans as it likes.
# Primary keys stay: they are what makes an id name one row.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

# shellcheck source=test/bench/lib/databases.sh
. "$root/test/bench/lib/databases.sh"

indexes_folder=$root/test/bench/indexes

# QUERY INDEX: the index that a query, a file of that name, is for
index_queries='
list documents_updated_at_id_idx
since deltas_document_id_version_idx
newest deltas_document_id_version_idx
publish deltas_xid_seq_idx
sessions sessions_user_id_idx'

sql --command="INSERT INTO bench.scenarios VALUES
    ('indexes', 'Queries with and without their index, in 200,000 deltas', 'us a query', 'with'),
    ('indexes-cost', 'One delta, without each index', 'deltas a second', 'all indexes'),
    ('indexes-size', 'Size of each index', 'bytes a row', 'its table')"

export PGOPTIONS='-c synchronous_commit=off'
create_database with
in_database with --file="$root/test/bench/deltas/lib/synckit.sql" --file="$indexes_folder/lib/tables.sql"
create_database without with

# measure_query NAME INDEX
measure_query() {
    local side repetition rate
    local -A transactions=([with]=$((delta_transactions / 4)) [without]=$((delta_transactions / 200)))
    in_database without --command="BEGIN" --command="DROP INDEX synckit.$2" --command='COMMIT'
    for ((repetition = 0; repetition < repetitions; ++repetition)); do
        for side in with without; do
            rate=$(pgbench_of "$side" "$indexes_folder/$1.sql" "${transactions[$side]}")
            record indexes 1 "$1" "$side" "1000000 / $rate"
        done
    done
    create_database without with
}

while read -r query index; do
    [[ -z $query ]] || measure_query "$query" "$index"
done <<<"$index_queries"

for index in documents_updated_at_id_idx deltas_document_id_version_idx deltas_xid_seq_idx; do
    create_database without with
    in_database without --command="DROP INDEX synckit.$index"
    for ((repetition = 0; repetition < repetitions; ++repetition)); do
        for side in with without; do
            rate=$(pgbench_of "$side" "$root/test/bench/deltas/synckit/one.sql" "$((delta_transactions / 2))" \
                --define=documents=10000)
            [[ $side == with ]] && shape='all indexes' || shape="without $index"
            record indexes-cost 1 delta "$shape" "$rate"
        done
    done
    read -r table_bytes index_bytes < <(ask with "SELECT pg_table_size(indrelid) / rows, pg_relation_size(indexrelid) / rows
        FROM pg_index, LATERAL (SELECT greatest(reltuples, 1) AS rows FROM pg_class WHERE oid = indrelid) AS of
        WHERE indexrelid = 'synckit.$index'::regclass")
    record indexes-size 1 "$index" 'its table' "$table_bytes"
    record indexes-size 1 "$index" index "$index_bytes"
done
unset PGOPTIONS
drop_databases with without
