#include "redis/handshake.hpp"

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "redis/printable.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

constexpr size_t max_shown = 300; // of what Redis says

/* What Redis has to say, unless it repeats the password (a server without AUTH quotes a command's
 * arguments). */
std::string shown_answer(const RedisReply& reply, const RedisUrl& url)
{
    const bool tells_password = url.has_password() && !url.password->empty() &&
                                reply.text().find(*url.password) != std::string::npos;
    if (tells_password)
        return "Redis's answer is not shown, since it contains the password.";
    return "Redis says: " + printable(reply.text(), max_shown);
}

bool is_about_credentials(std::string_view answer)
{
    return answer.starts_with("WRONGPASS") || answer.starts_with("NOAUTH") ||
           answer.starts_with("NOPERM") ||
           // Redis before version 6, and one that has no password at all
           answer.starts_with("ERR invalid password") || answer.starts_with("ERR AUTH") ||
           answer.starts_with("ERR Client sent AUTH");
}

} // namespace

size_t append_handshake(RedisProtocol& protocol, const RedisUrl& url)
{
    size_t replies = 0;
    const std::string_view password = url.has_password() ? *url.password : std::string_view();
    if (!url.user.empty()) {
        // A user without a password may be one that needs none; if not, Redis says so.
        protocol.append_command({"AUTH", url.user, password});
        ++replies;
    } else if (url.has_password()) {
        protocol.append_command({"AUTH", password});
        ++replies;
    }
    if (url.database != 0) {
        protocol.append_command({"SELECT", std::to_string(url.database)});
        ++replies;
    }
    protocol.append_command({"CLIENT", "SETNAME", "synckit"});
    return replies + 1;
}

void check_handshake_reply(const RedisReply& reply, const RedisUrl& url, size_t left)
{
    if (!reply.is_error())
        return;
    const std::string_view answer = reply.text();
    const bool only_the_name =
        left == 1 && (answer.starts_with("NOPERM") || answer.starts_with("ERR unknown") ||
                      answer.starts_with("ERR Unknown"));
    if (only_the_name)
        return; // a connection without a name works as well

    const std::string where = "Redis at " + url.display();
    if (!is_about_credentials(answer))
        throw Error(sqlstate::connection_rejected, where + " refused the connection",
                    shown_answer(reply, url));
    throw Error(sqlstate::invalid_authorization, where + " did not accept user or password",
                shown_answer(reply, url),
                url.has_password() ? "Check user and password."
                                   : "No password was given. Does the server demand one?");
}

} // namespace synckit
