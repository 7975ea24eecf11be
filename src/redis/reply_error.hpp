#pragma once

#include <string>
#include <string_view>

namespace synckit {

/* Whom an error reply of Redis concerns. */
enum class ReplyError {
    command,     // this command as it is; others may go through
    credentials, // who we are: somebody has to change it
    permission,  // what we may: not this, perhaps something else
    server,      // the server for now, whatever is sent
    elsewhere,   // another server is the one to ask
};

/* What an error reply means, by the code that it begins with (https://redis.io, errors of
 * server.c), and what to do about it; the hint may be empty. */
struct ReplyErrorMeaning {
    ReplyError kind;
    const char* meaning;
    const char* hint;
};
ReplyErrorMeaning meaning_of(std::string_view error);

/* Whether it is about who we are or what we may. */
constexpr bool concerns_user(ReplyError kind)
{
    return kind == ReplyError::credentials || kind == ReplyError::permission;
}

/*
 * The reply's own words, safe to log: printable, not too long, and without the arguments of the
 * command, which Redis repeats when it does not know it.
 */
std::string shown_reply_error(std::string_view error);

} // namespace synckit
