#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check.hpp"
#include "feeder.hpp"
#include "listener.hpp"

namespace synckit::replay {

/* All that a run brought to light. */
struct Summary {
    struct Lag {
        double p50 = 0;
        double p99 = 0;
        double max = 0; // milliseconds
    };

    bool fed = true; // false: only the documents were looked at
    size_t recorded = 0;
    std::map<std::string, size_t> outcomes;
    size_t rolled_back = 0;
    double seconds = 0;
    double rate = 0; // deltas a second, while feeding
    unsigned postgres_reconnections = 0;
    size_t lost_in_crash = 0;

    size_t messages = 0;
    size_t repeats = 0;
    size_t broadcasts = 0;
    std::vector<int64_t> epochs;
    unsigned redis_reconnections = 0;
    std::optional<Lag>
        lag_from_send; // from sending the batch to Postgres to the delta's arrival from Redis
    std::optional<Lag> lag_from_answer; // from the batch's answer; 0 for what arrived earlier

    size_t documents = 0;
    std::vector<Violation> violations;
};

void add_feed(Summary& summary, const FeedResult& fed);
void add_heard(Summary& summary, const std::vector<RecordedDelta>& recorded, const FeedResult& fed,
               const Heard& heard);

void print_summary(const Summary& summary);
void write_json(const Summary& summary, const std::string& path);

} // namespace synckit::replay
