#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "cli/json_members.hpp"
#include "redis_client/subscriber.hpp"

namespace synckit::replay {

using Clock = std::chrono::steady_clock;

/* A delta as it came from Redis. */
struct Arrival {
    std::string id;
    std::string document;
    int64_t version;
    Clock::time_point at;
};

struct Heard {
    std::vector<Arrival> first; // of every delta the first arrival, in the order of arrival
    size_t messages = 0;        // on the documents' channels, of any kind
    size_t repeats = 0;         // of deltas that had arrived before
    size_t broadcasts = 0;
    std::set<int64_t> epochs;
    std::vector<std::string> oddities; // what no publisher should send
    unsigned restored_times = 0;       // the subscription, after a loss
};

/* Listens to Redis in a thread of its own, from the constructor, which returns when subscribed, to
 * the destructor. */
class Listener {
  public:
    Listener(const RedisAccess& redis, const std::string& prefix);

    bool has_heard(const std::string& id) const;
    size_t messages() const;
    Heard heard() const;

  private:
    void listen(std::stop_token stop);
    void take(const RedisMessage& message);
    bool take_delta(const std::string& channel, const JsonMembers& delta);

    const std::string prefix_;
    RedisSubscriber subscriber_;
    mutable std::mutex mutex_; // over what follows
    Heard heard_;
    std::unordered_map<std::string, size_t> index_; // id: position in heard_.first
    std::jthread thread_;                           // last: it uses all of the above
};

} // namespace synckit::replay
