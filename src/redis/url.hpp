#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synckit {

/* Where a Redis server is, and as whom to speak to it. */
struct RedisUrl {
    bool tls = false;
    std::string host = "localhost"; // an IPv6 address stands without brackets
    uint16_t port = 6379;
    std::string unix_path; // not empty: this socket, instead of host and port
    std::string user;      // empty: Redis's "default"
    std::optional<std::string> password;
    int database = 0;

    bool is_unix() const noexcept { return !unix_path.empty(); }
    bool has_password() const noexcept { return password.has_value(); }

    /* The URL without the password: safe to log. */
    std::string display() const;
};

/*
 * Reads one of
 *
 *   redis://[user[:password]@]host[:port][/database]     (rediss:// for TLS; an empty host is
 * localhost) unix://[user[:password]@]/path/to/socket[?db=N]      (also redis+unix://)
 *
 * with %XX escapes in user, password, host and path, and IPv6 addresses in brackets. Throws an
 * Error (22023) that quotes no part of the text, since a mistyped URL may show its password
 * anywhere.
 */
RedisUrl parse_redis_url(std::string_view text);

} // namespace synckit
