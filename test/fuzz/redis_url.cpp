/* Any text as the URL of a Redis server: what is shown of it names the same server again. */
#include "fuzz.hpp"

#include "redis/url.hpp"

using namespace synckit;
using namespace synckit::fuzz;

namespace {

bool is_printable(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    std::vector<uint8_t> text = Input(data, size).rest();
    RedisUrl url;
    if (!accepts({"22023"}, [&] { url = parse_redis_url(as_text(text)); }))
        return 0;
    require(!url.hosts.empty() && url.database >= 0, "there is a host, the database is in range");
    for (const RedisHost& host : url.hosts)
        require(host.port > 0 && host.name.find('\0') == std::string::npos,
                "a port is in range, and what goes to C functions holds no NUL");
    require(!url.is_unix() || (url.unix_path.size() <= 107 && url.unix_path[0] == '/'),
            "a socket has an absolute path that fits");
    require(url.unix_path.find('\0') == std::string::npos, "a path holds no NUL");

    std::string shown = url.display();
    require(is_printable(shown), "what is shown is safe for a log");
    RedisUrl again = parse_redis_url(shown);
    require(!again.has_password(), "no password is shown");
    require(again.tls == url.tls && again.hosts == url.hosts &&
                again.sentinel_name == url.sentinel_name && again.unix_path == url.unix_path &&
                again.user == url.user && again.database == url.database,
            "what is shown names the same server");
    return 0;
}
