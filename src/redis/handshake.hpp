#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "redis/protocol.hpp"
#include "redis/url.hpp"

namespace synckit {

/* The command by which a server tells its role. */
enum class RoleCommand {
    hello, // Redis 6 and later
    role,  // Redis 2.8.12 and later
    none,  // it has neither, or we may not
};

/* What a server says of itself; all false where it does not. */
struct RedisServer {
    bool is_cluster = false; // a node of a Redis Cluster
    bool is_replica = false;
    bool is_sentinel = false;
    RoleCommand role_command = RoleCommand::hello;
};

/* Asks it for that; of a cluster, ROLE says nothing. Not for `none`. */
void append_role_query(RedisProtocol&, RoleCommand);
RedisServer parse_role(const RedisReply&, RoleCommand);

/* An Error (08001) unless what is published at the server reaches every subscriber. */
void require_primary(const RedisServer&);

/*
 * What a new connection says first: AUTH with the URL's user and password (set url.password where
 * the password comes from elsewhere), SELECT of its database, HELLO, CLIENT SETNAME. A server that
 * does not know HELLO is asked INFO and ROLE after these.
 */
class RedisHandshake {
  public:
    /* Appends the commands. The protocol must outlive the handshake. */
    RedisHandshake(RedisProtocol&, const RedisUrl&);

    /* Whether all their replies were taken. */
    bool done() const noexcept { return next_ == steps_.size(); }
    /* Takes the next of them; may append further commands. Throws an Error where Redis refuses:
     * 28000 if it is about who we are, else 08004. It never holds the password. */
    void take(const RedisReply&);

    const RedisServer& server() const noexcept { return server_; }

  private:
    enum class Step { auth, select, hello, set_name, info, role };

    void ask(Step, std::initializer_list<std::string_view> command);
    void learn(Step, const RedisReply&);
    void do_without(Step);
    std::string shown(const RedisReply&) const;

    RedisProtocol& protocol_;
    std::string password_;
    std::vector<Step> steps_;
    size_t next_ = 0;
    RedisServer server_;
};

} // namespace synckit
