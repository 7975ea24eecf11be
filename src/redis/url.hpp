#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synckit {

inline constexpr uint16_t redis_port = 6379;
inline constexpr uint16_t sentinel_port = 26379;
inline constexpr size_t max_redis_hosts = 64; // in one URL

struct RedisHost {
    std::string name = "localhost"; // an IPv6 address stands without brackets
    uint16_t port = redis_port;

    /* host:port, an IPv6 address in brackets. */
    std::string display() const;
    bool operator==(const RedisHost&) const = default;
};

/* Where Redis is, and as whom to speak to it. */
struct RedisUrl {
    bool tls = false;
    std::vector<RedisHost> hosts = {RedisHost()}; // at least one: they are tried in turn
    std::string sentinel_name; // not empty: the hosts are Sentinels, who know a primary by it
    std::string unix_path;     // not empty: this socket, instead of hosts
    std::string user;          // empty: Redis's "default"
    std::optional<std::string> password;
    int database = 0;

    bool is_unix() const noexcept { return !unix_path.empty(); }
    bool has_sentinels() const noexcept { return !sentinel_name.empty(); }
    bool has_password() const noexcept { return password.has_value(); }

    /* The URL without the password: safe to log. */
    std::string display() const;
};

/*
 * Reads one of
 *
 *   redis://[user[:password]@]host[:port][,host[:port]...][/database]
 *   redis+sentinel://[user[:password]@]host[:port][,host[:port]...]/name[/database]
 *   unix://[user[:password]@]/path/to/socket[?db=N]      (also redis+unix://)
 *
 * rediss for redis means TLS; an only host may be empty for localhost. %XX escapes stand in user,
 * password, host, name and path, IPv6 addresses in brackets. Throws an Error (22023) that quotes no
 * part of the text, since a mistyped URL may show its password anywhere.
 */
RedisUrl parse_redis_url(std::string_view text);

} // namespace synckit
