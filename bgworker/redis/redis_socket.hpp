#pragma once

#include "bgworker/redis/resolver.hpp"
#include "bgworker/process/wait.hpp"
#include "postgres/bridge.hpp"

#include "redis/handshake.hpp"
#include "redis/wire.hpp"

namespace synckit {

/* What went wrong, and what to do about it (may be empty); both fit for a log. */
struct RedisFailure {
    char message[400] = "";
    char hint[256] = "";
    bool reached = false; // there was a server

    /* Over-long texts are cut, at a character. */
    void set(const char* format, ...) pg_attribute_printf(2, 3);
    void set_list(const char* format, va_list arguments) pg_attribute_printf(2, 0);
    void set_hint(const char* text) { strlcpy(hint, text, sizeof hint); }
    /* Where several were tried: what a server had to say tells more than that there was none. */
    void prefer(const RedisFailure& other)
    {
        if (other.reached || !reached)
            *this = other;
    }
};

/* How long Redis may be silent while something is due. */
inline constexpr long redis_timeout_ms = 5000;

/* Replies to what we send are short, but for the slots of a cluster, which have a bound of their
 * own. */
inline constexpr size_t max_reply_bytes = 4 * 1024 * 1024;

/*
 * One connection of the worker to a Redis server: moves the bytes of a RedisWire through a socket.
 * Nothing blocks. What goes wrong is returned, not raised, and kept in failure(): a broken
 * connection is everyday life.
 */
class RedisSocket {
  public:
    RedisSocket() = default;
    ~RedisSocket() { close(); }
    RedisSocket(const RedisSocket&) = delete;
    RedisSocket& operator=(const RedisSocket&) = delete;

    /*
     * Connects, by TLS where the URL says so, and calls `greet`, which is to talk to the server and
     * to return whether it is the right one; each address of the host is tried. For a socket of the
     * file system, the host is of no account.
     */
    template <class Greet>
    bool connect(const RedisUrl& url, const TlsOptions& tls, const RedisHost& host, Greet greet)
    {
        SocketAddresses addresses;
        if (!find(url, host, addresses))
            return false;
        RedisFailure failure;
        for (int i = 0; i < addresses.count; ++i) {
            if (open(url, tls, host, addresses.list[i]) && greet())
                return true;
            failure.prefer(failure_);
        }
        failure_ = failure;
        return false;
    }
    /* Says who we are, and learns what the server is. */
    bool introduce(const RedisUrl&);
    void close();

    bool is_open() const { return socket_ != PGINVALID_SOCKET; }
    pgsocket socket() const { return socket_; }
    RedisWire& wire() { return wire_; }
    /* As of the last introduction. */
    const RedisServer& server() const { return server_; }
    const RedisFailure& failure() const { return failure_; }
    /* Sends, and receives, what can be without waiting; what was received may call for an answer of
     * TLS. */
    bool move_bytes()
    {
        has_sent_ = false;
        return send_some() && receive_some() && send_some();
    }
    /* Whether the last time something could be sent. */
    bool has_sent() const { return has_sent_; }
    /* What to wait for before it is worth to move bytes again. */
    uint32 awaited_events() const
    {
        return blocked_ ? WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE : WL_SOCKET_READABLE;
    }

    /*
     * Sends what the wire holds, and passes replies on until `take` says that it was the last. What
     * it throws fails the connection.
     */
    template <class Take>
    bool converse(Take take)
    {
        TimestampTz deadline = in_ms(redis_timeout_ms);
        for (bool done = false;;) {
            if (!move_bytes())
                return false;
            bool good = pure([&] {
                while (!done) {
                    auto reply = wire_.next_reply();
                    if (!reply)
                        break;
                    done = take(*reply);
                }
            });
            if (!good || done)
                return good;
            /* What was taken may have called for a further question. */
            if (!send_some() || !wait(awaited_events(), deadline))
                return false;
        }
    }

    bool fail(const char* format, ...) pg_attribute_printf(2, 3);
    /* Runs pure code; what it throws fails the connection. */
    template <class Body>
    bool pure(Body body)
    {
        CaughtError caught;
        if (try_pure(caught, body))
            return true;
        return fail(caught);
    }

  private:
    bool fail(const CaughtError&);
    bool find(const RedisUrl&, const RedisHost&, SocketAddresses&);
    bool open(const RedisUrl&, const TlsOptions&, const RedisHost&, const SocketAddress&);
    bool send_some();
    bool receive_some();
    bool wait(uint32 events, TimestampTz deadline);

    pgsocket socket_ = PGINVALID_SOCKET;
    RedisWire wire_{max_reply_bytes};
    std::unique_ptr<RedisHandshake> handshake_; // while it lasts: it knows the password
    RedisServer server_;
    bool sends_ = true; // until the server takes nothing more
    bool has_sent_ = false;
    bool blocked_ = false; // there is output that the socket does not take now
    bool reached_ = false;
    RedisFailure failure_;
};

} // namespace synckit
