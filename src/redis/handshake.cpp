#include "redis/handshake.hpp"

#include <string_view>

#include "base/error.hpp"
#include "redis/reply_error.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {

void append_hello(RedisProtocol& protocol)
{
    protocol.append_command({"HELLO", "2"});
}

/* A flat list of names and values. */
RedisServer parse_hello(const RedisReply& reply)
{
    RedisServer server;
    const auto& words = reply.elements();
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
        const std::string_view name = words[i].text(), value = words[i + 1].text();
        if (name == "mode") {
            server.is_cluster = value == "cluster";
            server.is_sentinel = value == "sentinel";
        } else if (name == "role") {
            server.is_replica = value == "replica" || value == "slave";
        }
    }
    return server;
}

void require_primary(const RedisServer& server)
{
    if (server.is_sentinel)
        throw Error(sqlstate::cannot_connect, "this is a Sentinel", {},
                    "Write redis+sentinel://host:port/name, with the name of the primary.");
    // A cluster passes messages on to all its nodes.
    if (server.is_replica && !server.is_cluster)
        throw Error(sqlstate::cannot_connect, "this Redis is a replica",
                    "Subscribers of its primary would not hear what is published there.",
                    meaning_of("READONLY").hint);
}

RedisHandshake::RedisHandshake(RedisProtocol& protocol, const RedisUrl& url)
    : password_(url.password.value_or(""))
{
    if (!url.user.empty()) {
        // A user without a password may be one that needs none; if not, Redis says so.
        protocol.append_command({"AUTH", url.user, password_});
        steps_.push_back(Step::auth);
    } else if (url.has_password()) {
        protocol.append_command({"AUTH", password_});
        steps_.push_back(Step::auth);
    }
    if (url.database != 0) {
        protocol.append_command({"SELECT", std::to_string(url.database)});
        steps_.push_back(Step::select);
    }
    append_hello(protocol);
    steps_.push_back(Step::hello);
    protocol.append_command({"CLIENT", "SETNAME", "synckit"});
    steps_.push_back(Step::set_name);
}

void RedisHandshake::take(const RedisReply& reply)
{
    const Step step = steps_.at(next_++);
    if (!reply.is_error()) {
        if (step == Step::hello)
            server_ = parse_hello(reply);
        return;
    }
    const std::string_view answer = reply.text();
    const bool can_do_without = step == Step::hello || step == Step::set_name;
    if (can_do_without && (answer.starts_with("NOPERM") || answer.starts_with("ERR unknown") ||
                           answer.starts_with("ERR Unknown")))
        return;
    const ReplyErrorMeaning meaning = meaning_of(answer);
    throw Error(concerns_user(meaning.kind) ? sqlstate::invalid_authorization
                                            : sqlstate::connection_rejected,
                meaning.meaning, shown(reply), meaning.hint);
}

/* What Redis has to say, unless it repeats the password (a server without AUTH quotes a command's
 * arguments). */
std::string RedisHandshake::shown(const RedisReply& reply) const
{
    if (!password_.empty() && reply.text().find(password_) != std::string::npos)
        return "Redis's answer is not shown, since it contains the password.";
    return "Redis says: " + shown_reply_error(reply.text());
}

} // namespace synckit
