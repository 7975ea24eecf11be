# How fast a backlog goes to Redis, beside redis-benchmark. Sourced by scripts/bench.
#
# Fair: both send PUBLISH of the same message, 100 in a pipeline and more, to the same Redis, over its unix socket, without
# a subscriber, who would be measured instead. redis-benchmark has the message ready and sends it on 50 connections; the
# publisher reads each delta from its table, makes the message and sends it on one. Ours counts from the call that tells it
# to publish to the moment when Redis has counted every message; and once more while a transaction holds an xid.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

publisher_server
sql --command="INSERT INTO bench.scenarios VALUES
    ('drain', 'A backlog into Redis', 'messages a second', 'redis-benchmark')"
payload=$state/bench/drain.payload
for ((repetition = 1; repetition <= publisher_repetitions; repetition++)); do
    ours=$(PGDATABASE=publisher attend "$root/build/publisher_bench" --redis "$REDIS_URL" \
        drain --deltas "$publisher_backlog" --payload "$payload")
    theirs=$(attend redis-benchmark -s "$sockets/redis.sock" -n "$publisher_backlog" -P 100 -q \
        publish synckit:doc:document-500 "$(<"$payload")" | tr '\r' '\n' |
        sed -nE 's/.* ([0-9.]+) requests per second.*/\1/p' | tail -n 1)
    sql --command="INSERT INTO bench.results (scenario, entries, shape, side, repetition, value) VALUES
        ('drain', $publisher_backlog, 'deltas', 'redis-benchmark', $repetition, $theirs)"
    while IFS=, read -r side rate; do
        sql --command="INSERT INTO bench.results (scenario, entries, shape, side, repetition, value) VALUES
            ('drain', $publisher_backlog, 'deltas', '$side', $repetition, $rate)"
    done <<<"$ours"
done
plain_server
