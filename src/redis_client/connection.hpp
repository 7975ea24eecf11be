#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "redis/protocol.hpp"
#include "redis/url.hpp"

namespace synckit {

/*
 * A blocking connection to Redis in which every wait has an end, for programs and tests. Not for
 * the publisher or the coordinator, which never block.
 *
 * Errors are synckit::Error of class 08 (no connection, lost, not Redis) or 28 (not let in).
 */
class RedisConnection {
  public:
    using Clock = std::chrono::steady_clock;

    /* Connects and introduces itself, within `timeout`. */
    RedisConnection(const RedisUrl& url, Clock::duration timeout);

    /* Sends one command, within the connection's timeout. */
    void send(std::span<const std::string_view> words);
    void send(std::initializer_list<std::string_view> words);

    /* The next reply or pushed message; nothing if none comes within `wait`. */
    std::optional<RedisReply> receive(Clock::duration wait);

  private:
    using Protocol = boost::asio::generic::stream_protocol;

    std::vector<Protocol::endpoint> resolve(Clock::time_point deadline);
    void connect(Clock::time_point deadline);
    void introduce(Clock::time_point deadline);
    void flush();
    std::optional<RedisReply> receive_until(Clock::time_point deadline);

    /* Runs one asynchronous operation until it is done or the deadline ends it. */
    template <class Start>
    boost::system::error_code await(Clock::time_point deadline, Start start);

    RedisUrl url_;
    Clock::duration timeout_;
    RedisProtocol protocol_;
    boost::asio::io_context io_;
    Protocol::socket socket_;
};

} // namespace synckit
