#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "redis_client/connection.hpp"

namespace synckit {

struct RedisTopics {
    std::vector<std::string> channels;
    std::vector<std::string> patterns; // glob patterns: see escape_pattern()
    /* The channels are sharded ones (Redis 7.0); in a cluster, all of them of one slot, whose node
     * is found. There are no sharded patterns. */
    bool sharded = false;
};

/* Text as a Redis glob pattern that matches this text and nothing else. */
std::string escape_pattern(std::string_view text);

struct RedisMessage {
    std::string channel;
    std::string payload;
};

/*
 * A subscription that outlives its connection: a lost one, or one that has gone silent, is made
 * anew with a growing pause, for as long as next() is called. Redis keeps nothing for a subscriber
 * that is away.
 */
class RedisSubscriber {
  public:
    using Clock = RedisConnection::Clock;

    RedisSubscriber(RedisAccess access, RedisTopics topics);

    /* Called once when a connection is lost, and once when the subscription stands again. */
    std::function<void(const Error&)> on_lost;
    std::function<void()> on_restored;

    /* Connects for the first time: returns when the subscription stands, throws the Error if it
     * cannot. */
    void subscribe();

    /* The next message; nothing if none comes within `wait`. */
    std::optional<RedisMessage> next(Clock::duration wait);

  private:
    void open();
    std::optional<RedisHost> subscribe_at(RedisConnection&);
    bool reopen(Clock::time_point deadline);
    void lose(const Error& error);
    std::optional<RedisMessage> receive(Clock::time_point deadline);
    std::optional<RedisMessage> to_message(RedisReply& reply);

    RedisAccess access_;
    RedisTopics topics_;
    std::unique_ptr<RedisConnection> connection_;
    std::deque<RedisMessage> early_; // came while the subscription was being made
    Clock::time_point opened_at_{};
    Clock::time_point last_heard_{};
    bool pinged_ = false;
    Clock::time_point retry_at_{};
    Clock::duration pause_{};
};

} // namespace synckit
