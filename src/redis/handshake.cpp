#include "redis/handshake.hpp"

#include <string_view>

#include "base/error.hpp"
#include "redis/reply_error.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {

namespace {

/* In the words of HELLO and of INFO. */
void set_mode(RedisServer& server, std::string_view mode)
{
    server.is_cluster = mode == "cluster";
    server.is_sentinel = mode == "sentinel";
}

/* A flat list of names and values. */
RedisServer parse_hello(const RedisReply& reply)
{
    RedisServer server;
    const auto& words = reply.elements();
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
        const std::string_view name = words[i].text(), value = words[i + 1].text();
        if (name == "mode")
            set_mode(server, value);
        else if (name == "role")
            server.is_replica = value == "replica" || value == "slave";
    }
    return server;
}

/* Lines "name:value". */
std::string_view mode_of_info(std::string_view info)
{
    constexpr std::string_view name = "\nredis_mode:";
    const size_t at = info.find(name);
    if (at == std::string_view::npos)
        return {};
    info.remove_prefix(at + name.size());
    return info.substr(0, info.find_first_of("\r\n"));
}

} // namespace

void append_role_query(RedisProtocol& protocol, RoleCommand command)
{
    if (command == RoleCommand::hello)
        protocol.append_command({"HELLO", "2"});
    else if (command == RoleCommand::role)
        protocol.append_command({"ROLE"});
}

RedisServer parse_role(const RedisReply& reply, RoleCommand command)
{
    if (command == RoleCommand::hello)
        return parse_hello(reply);
    RedisServer server;
    server.role_command = command;
    if (!reply.elements().empty()) {
        const std::string_view role = reply.elements()[0].text();
        server.is_replica = role == "slave" || role == "replica";
        server.is_sentinel = role == "sentinel";
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
    : protocol_(protocol), password_(url.password.value_or(""))
{
    if (!url.user.empty()) {
        // A user without a password may be one that needs none; if not, Redis says so.
        ask(Step::auth, {"AUTH", url.user, password_});
    } else if (url.has_password()) {
        ask(Step::auth, {"AUTH", password_});
    }
    if (url.database != 0)
        ask(Step::select, {"SELECT", std::to_string(url.database)});
    append_role_query(protocol_, RoleCommand::hello);
    steps_.push_back(Step::hello);
    ask(Step::set_name, {"CLIENT", "SETNAME", "synckit"});
}

void RedisHandshake::ask(Step step, std::initializer_list<std::string_view> command)
{
    protocol_.append_command(command);
    steps_.push_back(step);
}

void RedisHandshake::take(const RedisReply& reply)
{
    const Step step = steps_.at(next_++);
    if (!reply.is_error()) {
        learn(step, reply);
        return;
    }
    const std::string_view answer = reply.text();
    const bool is_needed = step == Step::auth || step == Step::select;
    if (!is_needed && (answer.starts_with("NOPERM") || answer.starts_with("ERR unknown") ||
                       answer.starts_with("ERR Unknown"))) {
        do_without(step);
        return;
    }
    const ReplyErrorMeaning meaning = meaning_of(answer);
    throw Error(concerns_user(meaning.kind) ? sqlstate::invalid_authorization
                                            : sqlstate::connection_rejected,
                meaning.meaning, shown(reply), meaning.hint);
}

void RedisHandshake::learn(Step step, const RedisReply& reply)
{
    if (step == Step::hello) {
        server_ = parse_role(reply, RoleCommand::hello);
    } else if (step == Step::info) {
        set_mode(server_, mode_of_info(reply.text()));
    } else if (step == Step::role) {
        const RedisServer server = parse_role(reply, RoleCommand::role);
        server_.is_replica = server.is_replica;
        server_.is_sentinel |= server.is_sentinel;
    }
}

void RedisHandshake::do_without(Step step)
{
    if (step == Step::hello) {
        server_.role_command = RoleCommand::role;
        ask(Step::info, {"INFO", "server"});
        append_role_query(protocol_, RoleCommand::role);
        steps_.push_back(Step::role);
    } else if (step == Step::role) {
        server_.role_command = RoleCommand::none;
    }
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
