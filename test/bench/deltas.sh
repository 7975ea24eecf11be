# What it costs to write deltas: one a transaction, and batches of 100 in one, into 1,000 documents of ten fields of 50
# characters (deltas), with and without another transaction open for the whole run that keeps dead rows from being removed
# (held xid); the bytes of WAL a delta (deltas-wal); and one delta as documents grow (deltas-size), in a document of 1,000 short
# fields, and beside a GIN index of the state (deltas-shape). Sourced by scripts/bench.
#
# The peers, in test/bench/deltas, each in a database of its own:
#   floor    the cheapest SQL by hand that writes the same rows into the same tables with the same indexes, our triggers
#            off. It trusts its caller, knows no clock but a counter's next, decides no conflict and finds no repeated delta.
#   adapter  what SyncKit's TypeScript adapter does: three statements, each a transaction: the document, whole and as text, the
#            clock's row, the delta. Without JavaScript, so it is cheaper here than it is in life; adapter_gin has the index of
#            the state which that adapter's documentation names.
#
# Fair: pgbench runs all sides with prepared statements over one connection, in turns, so many transactions each and not for
# so long: a side that is faster would leave more dead rows behind. No side waits for the disk (synchronous_commit = off), since
# the disk's share would make all alike; "durable" does wait. The rows that a side has written are counted.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

# shellcheck source=test/bench/lib/databases.sh
. "$root/test/bench/lib/databases.sh"

deltas_folder=$root/test/bench/deltas
sides_of_deltas=(synckit floor adapter adapter_gin)

# make_databases SQL…: the documents, made by these; the floor's are a copy of ours.
make_databases() {
    create_database synckit
    in_database synckit --file="$deltas_folder/lib/synckit.sql" "$@" \
        --command='VACUUM ANALYZE synckit.documents' --command='VACUUM ANALYZE synckit.deltas'
    create_database floor synckit
    in_database floor --file="$deltas_folder/lib/floor.sql"
    create_database adapter synckit
    in_database adapter --file="$deltas_folder/lib/adapter.sql"
    create_database adapter_gin adapter
    in_database adapter_gin --command='CREATE INDEX ON adapter.documents USING gin (state)'
    sql --command=CHECKPOINT
    documents=$(ask synckit 'SELECT count(*) FROM synckit.documents')
}

# What a side has logged so far, and how far the WAL is.
logged() {
    ask "$1" "SELECT count(*), pg_current_wal_insert_lsn() - '0/0' FROM $(log_of "$1")"
}

log_of() {
    [[ $1 == adapter* ]] && echo adapter.deltas || echo synckit.deltas
}

# turn SIDE SCRIPT TRANSACTIONS DELTAS: in $rate and $wal is then what one turn has measured, an error if not so many deltas
# a transaction were logged.
turn() {
    local before after
    # else this turn would write the WAL that the last one left in memory
    PGOPTIONS='-c synchronous_commit=on' ask "$1" 'SELECT pg_current_xact_id()' >/dev/null
    read -r -a before < <(logged "$1")
    rate=$(pgbench_of "$1" "$deltas_folder/${1%_gin}/$2.sql" "$3" --define=documents="$documents")
    read -r -a after < <(logged "$1")
    ((after[0] - before[0] == $3 * $4)) ||
        fail "$1, $2: $((after[0] - before[0])) deltas were logged, not $(($3 * $4))"
    rate=$(awk "BEGIN { print $rate * $4 }")
    wal=$(awk "BEGIN { print (${after[1]} - ${before[1]}) / ($3 * $4) }")
}

# take_turns SCRIPT TRANSACTIONS DELTAS SIDE… : calls measured with each side's turn in $side, $rate and $wal, after a warm-up.
# Every other time in reverse: what comes after a side that leaves more behind is not always the same one.
take_turns() {
    local side sides=("${@:4}") repetition i count=$(($# - 3))
    for side in "${sides[@]}"; do
        turn "$side" "$1" "$((($2 + 4) / 5))" "$3"
    done
    for ((repetition = 0; repetition < delta_repetitions; ++repetition)); do
        for ((i = 0; i < count; ++i)); do
            side=${sides[repetition % 2 ? count - 1 - i : i]}
            turn "$side" "$1" "$2" "$3"
            measured
        done
    done
}

# measure_deltas SHAPE SCRIPT TRANSACTIONS DELTAS SIDE…
measure_deltas() {
    local shape=$1 deltas=$4
    measured() {
        record deltas "$deltas" "$shape" "$side" "$rate"
        [[ $shape != alone ]] || record deltas-wal "$deltas" delta "$side" "$wal"
    }
    take_turns "${@:2}"
}

# In each database a transaction with an xid, that stays open until it is ended.
hold_xids() {
    local side
    for side in "${sides_of_deltas[@]}"; do
        PGDATABASE=$(database_of "$side") "$bindir/psql" --no-psqlrc --quiet --output=/dev/null \
            --command='SELECT pg_current_xact_id(), pg_sleep(86400)' 2>/dev/null &
    done
    until (($(holders 'count(*)') == ${#sides_of_deltas[@]})); do
        sleep 0.1
    done
}

release_xids() {
    holders 'count(pg_terminate_backend(pid, 10000))' >/dev/null
}

# holders EXPRESSION: of the backends that hold them.
holders() {
    sql --no-align --tuples-only --command="SELECT $1 FROM pg_stat_activity
        WHERE backend_xid IS NOT NULL AND query LIKE '%pg_sleep(86400)' AND pid <> pg_backend_pid()"
}

sql --command="INSERT INTO bench.scenarios VALUES
    ('deltas', 'Writing deltas (1 or 100 a transaction)', 'deltas a second', 'floor'),
    ('deltas-wal', 'WAL (1 or 100 deltas a transaction)', 'bytes a delta', 'floor'),
    ('deltas-size', 'One delta, by the bytes of its document', 'deltas a second', 'floor'),
    ('deltas-shape', 'One delta, by the fields of its document', 'deltas a second', 'floor')"

export PGOPTIONS='-c synchronous_commit=off'
make_databases --file="$deltas_folder/lib/documents.sql"
measure_deltas alone one "$delta_transactions" 1 synckit floor adapter adapter_gin
measure_deltas alone batch "$((delta_transactions / 40))" 100 synckit floor
hold_xids
measure_deltas 'held xid' one "$delta_transactions" 1 synckit floor
measure_deltas 'held xid' batch "$((delta_transactions / 40))" 100 synckit floor
release_xids
PGOPTIONS='-c synchronous_commit=on' measure_deltas durable one "$((delta_transactions / 10))" 1 synckit floor adapter adapter_gin

# measure_documents SCENARIO ENTRIES SHAPE TRANSACTIONS SIDE…
measure_documents() {
    local scenario=$1 entries=$2 shape=$3
    measured() {
        record "$scenario" "$entries" "$shape" "$side" "$rate"
    }
    take_turns one "$4" 1 "${@:5}"
}

# Ten fields that together are so large, of text that compresses to a third as prose does.
for kilobytes in 1 10 100 1000; do
    make_databases --set=field_bytes="$((kilobytes * 100))" --file="$deltas_folder/lib/large_documents.sql"
    measure_documents deltas-size "$((kilobytes * 1000))" bytes \
        "$((delta_transactions / (10 + kilobytes / 10)))" synckit floor
done
make_databases --file="$deltas_folder/lib/many_fields.sql"
measure_documents deltas-shape 1000 fields "$((delta_transactions / 4))" synckit floor
make_databases --file="$deltas_folder/lib/documents.sql"
measure_documents deltas-shape 10 fields "$delta_transactions" synckit floor
in_database synckit --command='SELECT synckit_state_index(true)'
in_database floor --command='CREATE INDEX ON synckit.documents USING gin (state jsonb_path_ops)'
measure_documents deltas-shape 10 'fields, GIN' "$delta_transactions" synckit floor
unset PGOPTIONS
drop_databases "${sides_of_deltas[@]}"
