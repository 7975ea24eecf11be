#pragma once

#include <sys/socket.h>

#include "postgres/bridge.hpp"

extern "C" {
#include "storage/latch.h"
}

#include "redis/protocol.hpp"
#include "redis/url.hpp"

/*
 * The worker's connection to Redis: moves the bytes of a RedisProtocol, and waits with
 * WaitEventSet, so that signals, barriers and DROP DATABASE are served however slow Redis is.
 * Nothing blocks, names are resolved by c-ares.
 *
 * What goes wrong is returned, not raised: a broken connection is everyday life.
 */
namespace synckit {

class RedisLink {
  public:
    static RedisLink* create();

    bool connected() const { return connected_; }
    bool is_for(const char* url) const { return url_text_ && std::strcmp(url_text_, url) == 0; }
    const char* error() const { return error_; }
    /* The address, without any password. */
    const char* address() const { return address_; }

    /* Resolves, connects and says who we are. False, with error(), if that fails. */
    bool connect(const char* url, const char* password_file);
    void close();

    /* Room for the next commands. */
    RedisProtocol& protocol() { return *protocol_; }

    /*
     * Sends what the protocol holds and awaits so many replies. An error reply fails the exchange
     * like a lost connection does: which of the commands were carried out is not known then, so all
     * are to be sent again.
     */
    bool exchange(size_t replies);

    /* Between exchanges: false, with error(), if Redis has gone meanwhile. Does not wait. */
    bool check();

  private:
    bool fail(const char* format, ...) pg_attribute_printf(2, 3);
    bool open_socket();
    bool connect_to(const sockaddr* address, socklen_t size, int family);
    bool resolve_and_connect();
    bool hand_shake();
    /* Sends, and calls check(reply, how many are left) for each of so many replies; what it throws
     * fails the link. */
    template <class Check>
    bool converse(size_t replies, Check check);
    bool send_some();
    bool receive_some();
    /* Waits for these events on the socket; false, with error(), after `redis_timeout_ms` without
     * them. */
    bool wait(uint32 events);

    pgsocket socket_ = PGINVALID_SOCKET;
    WaitEventSet* events_ = nullptr;
    RedisProtocol* protocol_ = nullptr;
    char* url_text_ = nullptr; // as configured
    RedisUrl url_;
    bool connected_ = false;
    char address_[300] = "";
    char error_[256] = "";
};

} // namespace synckit
