#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "redis/protocol.hpp"
#include "redis/tls.hpp"

namespace synckit {

/*
 * One connection to Redis without I/O, plain or by TLS: what lies between a RedisProtocol and the
 * bytes of a socket. Who owns the socket sends output() and feeds what it receives, be it with
 * WaitEventSet, Asio or, in a test, by hand.
 *
 * Errors are those of RedisProtocol and of TlsSession; nothing more comes of the connection then:
 * close it, and open() the next.
 */
class RedisWire {
  public:
    explicit RedisWire(size_t max_reply_bytes = RedisProtocol::default_max_reply_bytes)
        : protocol_(max_reply_bytes)
    {
    }

    /* As new, for a new connection; by TLS where a host is given. */
    void open();
    void open(const TlsOptions& options, const std::string& host);

    /* Commands are appended to it. */
    RedisProtocol& protocol() noexcept { return protocol_; }

    /*
     * What is to be sent next, valid until the next call; empty: nothing, or (by TLS) nothing until
     * the server has answered. The first `n` bytes of it were sent.
     */
    std::string_view output();
    void consume_output(size_t n);

    /* Takes received bytes, in pieces of any size. */
    void feed(const char* bytes, size_t n);
    /* The next complete reply, or nothing until more is fed. */
    std::optional<RedisReply> next_reply() { return protocol_.next_reply(); }
    /* The server has said, by TLS, that nothing more comes. */
    bool ended() const noexcept { return tls_ && tls_->ended(); }

  private:
    RedisProtocol protocol_;
    std::optional<TlsSession> tls_;
};

} // namespace synckit
