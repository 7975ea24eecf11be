#pragma once

#include <cstddef>
#include <string>

namespace synckit::bench {

struct LatencyOptions {
    std::string redis_url;
    double rate;
    double seconds;
};

/*
 * Writes the same deltas three times: with the publisher on and a subscriber in Redis; the same
 * while a transaction holds an xid; and with the publisher paused, pg_notify() in the statement and
 * a listener in Postgres. Prints a line each: side, p50 and p99 in milliseconds from the
 * statement's start to the receipt, the same to the writer's own answer, the rate that came about,
 * microseconds of processor time a delta in the publisher's process. Throws if a message is
 * missing.
 */
void measure_latency(const LatencyOptions&);

} // namespace synckit::bench
