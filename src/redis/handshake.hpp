#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "redis/protocol.hpp"
#include "redis/url.hpp"

namespace synckit {

/* What a server says of itself (HELLO); all false where it does not know the question. */
struct RedisServer {
    bool is_cluster = false; // a node of a Redis Cluster
    bool is_replica = false;
    bool is_sentinel = false;
};

/* Asks for that; the reply is an error where the server is older than Redis 6. */
void append_hello(RedisProtocol&);
RedisServer parse_hello(const RedisReply&);

/* An Error (08001) unless what is published at the server reaches every subscriber. */
void require_primary(const RedisServer&);

/*
 * What a new connection says first: AUTH with the URL's user and password (set url.password where
 * the password comes from elsewhere), SELECT of its database, HELLO, CLIENT SETNAME.
 */
class RedisHandshake {
  public:
    /* Appends the commands. */
    RedisHandshake(RedisProtocol&, const RedisUrl&);

    /* Whether all their replies were taken. */
    bool done() const noexcept { return next_ == steps_.size(); }
    /* Takes the next of them. Throws an Error where Redis refuses: 28000 if it is about who we are,
     * else 08004. It never holds the password. */
    void take(const RedisReply&);

    const RedisServer& server() const noexcept { return server_; }

  private:
    enum class Step { auth, select, hello, set_name };

    std::string shown(const RedisReply&) const;

    std::string password_;
    std::vector<Step> steps_;
    size_t next_ = 0;
    RedisServer server_;
};

} // namespace synckit
