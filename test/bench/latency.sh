# How long a delta takes from the start of the statement that writes it to its subscriber: through the publisher and
# Redis, with and without a transaction that holds an xid meanwhile, and by LISTEN/NOTIFY; and what of the processors the
# publisher takes for it. Sourced by scripts/bench.
#
# Fair: both sides run the same synckit_apply_delta() from the same 16 connections at the same rate, and wait for the same
# flush of WAL, which is in the figure. pg_notify() is in the same statement, and its text is as long as our message. For
# it the publisher is paused; its one listener has one channel. All processes share the machine: writers, both servers,
# subscriber. The sides take turns within a repetition, and every message must have come. Where the machine cannot write
# that fast, "latency-rate" shows the rate that came about.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

publisher_server
sql --command="INSERT INTO bench.scenarios VALUES
    ('latency', 'From the start of a commit''s statement to the subscriber', 'ms', 'LISTEN/NOTIFY'),
    ('latency-reply', 'From the start of the same statement to its writer''s own answer', 'ms', 'LISTEN/NOTIFY'),
    ('latency-rate', 'The rate at which that was measured', 'commits a second', 'LISTEN/NOTIFY'),
    ('latency-processor', 'Time of a processor in the publisher', 'microseconds a delta', 'synckit')"
for rate in 1 100 1000 5000; do
    seconds=$publisher_seconds
    ((rate > 1)) || seconds=$((publisher_seconds * 3)) # its p99 is the slowest of a few
    for ((repetition = 1; repetition <= publisher_repetitions; repetition++)); do
        lines=$(PGDATABASE=publisher attend "$root/build/publisher_bench" --redis "$REDIS_URL" \
            latency --rate "$rate" --seconds "$seconds")
        while IFS=, read -r side p50 p99 reply50 reply99 achieved processor; do
            sql --command="INSERT INTO bench.results (scenario, entries, shape, side, repetition, value) VALUES
                ('latency', $rate, 'p50', '$side', $repetition, $p50),
                ('latency', $rate, 'p99', '$side', $repetition, $p99),
                ('latency-reply', $rate, 'p50', '$side', $repetition, $reply50),
                ('latency-reply', $rate, 'p99', '$side', $repetition, $reply99),
                ('latency-rate', $rate, '', '$side', $repetition, $achieved)"
            [[ $side == LISTEN* ]] || sql --command="INSERT INTO bench.results
                (scenario, entries, shape, side, repetition, value) VALUES
                ('latency-processor', $rate, '', '$side', $repetition, $processor)"
        done <<<"$lines"
    done
done
plain_server
