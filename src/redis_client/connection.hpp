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

#include "redis/handshake.hpp"
#include "redis/url.hpp"
#include "redis/wire.hpp"

namespace synckit {

/* Where Redis is, and what it takes to be let in. */
struct RedisAccess {
    RedisUrl url;
    TlsOptions tls;
};

/*
 * A blocking connection to Redis in which every wait has an end, for programs and tests. Not for
 * the publisher or the coordinator, which never block.
 *
 * Errors are synckit::Error of class 08 (no connection, lost, not Redis) or 28 (not let in), and
 * those of TlsSession.
 */
class RedisConnection {
  public:
    using Clock = std::chrono::steady_clock;

    /*
     * Connects to the first of the URL's servers that lets us in, or to the primary that its
     * Sentinels know; each address of each has `timeout` to answer.
     */
    RedisConnection(const RedisAccess& access, Clock::duration timeout);

    /* The server that has let us in; of no account where it is a unix socket. */
    const RedisHost& host() const noexcept { return host_; }

    /* Sends one command, within the connection's timeout. */
    void send(std::span<const std::string_view> words);
    void send(std::initializer_list<std::string_view> words);

    /* The next reply or pushed message; nothing if none comes within `wait`. */
    std::optional<RedisReply> receive(Clock::duration wait);

  private:
    using Protocol = boost::asio::generic::stream_protocol;

    template <class Greet>
    void connect(const RedisHost& host, Greet greet);
    std::vector<Protocol::endpoint> resolve(const RedisHost& host);
    void open(const Protocol::endpoint& endpoint, const RedisHost& host,
              Clock::time_point deadline);
    RedisServer introduce(const RedisUrl& url, Clock::time_point deadline);
    RedisHost ask_sentinel(Clock::time_point deadline);
    RedisReply await_reply(Clock::time_point deadline);
    void flush(Clock::time_point deadline);
    std::optional<RedisReply> receive_until(Clock::time_point deadline);

    /* Runs one asynchronous operation until it is done or the deadline ends it. */
    template <class Start>
    boost::system::error_code await(Clock::time_point deadline, Start start);

    RedisAccess access_;
    Clock::duration timeout_;
    RedisHost host_;
    RedisWire wire_;
    boost::asio::io_context io_;
    Protocol::socket socket_;
};

} // namespace synckit
