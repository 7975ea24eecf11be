# What publishing takes from the writers: the rate of commits with the publisher on and paused, at 0.8 of the most that 16
# connections can commit while it is paused. Sourced by scripts/bench.
#
# Fair: the same deltas from the same connections, in turns, each into an empty log after a checkpoint, each waiting for
# its flush of WAL; Redis has no subscriber, and shares the machine with everybody.
# shellcheck shell=bash disable=SC2154 # what scripts/bench sets

publisher_server
sql --command="INSERT INTO bench.scenarios VALUES ('commits', 'Commits with the publisher on', 'commits a second', 'paused')"
repetition=0
while IFS=, read -r side rate; do
    [[ $side == maximum ]] && offered=$(awk "BEGIN { printf \"%d\", 0.8 * $rate }") && continue
    [[ $side != paused ]] || repetition=$((repetition + 1))
    sql --command="INSERT INTO bench.results (scenario, entries, shape, side, repetition, value) VALUES
        ('commits', $offered, 'offered', '$side', $repetition, $rate)"
done < <(PGDATABASE=publisher attend "$root/build/publisher_bench" --redis "$REDIS_URL" \
    commits --seconds "$publisher_seconds" --turns $((publisher_repetitions * 2 - 1)))
((repetition > 0)) || fail 'commits: nothing was measured'
plain_server
