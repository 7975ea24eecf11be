#include "redis/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/error.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

constexpr size_t max_unix_path = 107; // sockaddr_un holds 108 bytes, the last of them a NUL

[[noreturn]] void refuse(std::string detail)
{
    throw Error(
        sqlstate::invalid_parameter_value, "invalid Redis URL", std::move(detail),
        "Write redis://[user[:password]@]host[:port][,host...][/database], rediss://... for "
        "TLS, redis+sentinel://host[,host...]/name, or unix:///path/to/socket[?db=N]. "
        "Special characters are written as %XX.");
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

std::string percent_decode(std::string_view text, const char* what)
{
    std::string result;
    result.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            refuse(std::string("A % in the ") + what +
                   " is not followed by two hexadecimal digits.");
        result += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return result;
}

/* Leaves the unreserved characters (RFC 3986, section 2.3) as they are, and those of `also`. */
std::string percent_encode(std::string_view text, std::string_view also = "")
{
    std::string result;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos ||
                           also.find(c) != std::string_view::npos;
        if (plain) {
            result += c;
        } else {
            char escape[4];
            std::snprintf(escape, sizeof escape, "%%%02X",
                          static_cast<unsigned>(static_cast<unsigned char>(c)));
            result += escape;
        }
    }
    return result;
}

std::optional<int> parse_number(std::string_view text, int least, int greatest)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least ||
        value > greatest)
        return std::nullopt;
    return value;
}

int parse_database(std::string_view text)
{
    const auto database = parse_number(text, 0, std::numeric_limits<int>::max());
    if (!database)
        refuse("The database is not a number from 0 on.");
    return *database;
}

bool has_blank_or_control(std::string_view text)
{
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

void parse_user_info(RedisUrl& url, std::string_view text)
{
    const size_t colon = text.find(':');
    url.user = percent_decode(text.substr(0, colon), "user");
    if (colon != std::string_view::npos)
        url.password = percent_decode(text.substr(colon + 1), "password");
    if (url.user.empty() && url.password == "")
        url.password.reset(); // "redis://:@host" names nobody
}

RedisHost parse_host(std::string_view text, uint16_t default_port)
{
    RedisHost result{.port = default_port};
    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos)
            refuse("The bracket before the IPv6 address is not closed.");
        host = text.substr(1, end - 1);
        if (host.find(':') == std::string_view::npos)
            refuse("What stands in brackets is not an IPv6 address.");
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest[0] != ':')
            refuse("After the IPv6 address only a port can follow.");
        has_port = !rest.empty();
        port = rest.substr(has_port ? 1 : 0);
    } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        has_port = true;
        if (port.find(':') != std::string_view::npos)
            refuse(
                "There is more than one colon in the address; an IPv6 address stands in brackets.");
    }

    if (has_port) {
        const auto number = parse_number(port, 1, 65535);
        if (!number)
            refuse("The port is not a number from 1 to 65535.");
        result.port = static_cast<uint16_t>(*number);
    }
    if (!host.empty())
        result.name = percent_decode(host, "host");
    if (has_blank_or_control(result.name))
        refuse("The host contains a blank or a control character.");
    return result;
}

void parse_hosts(RedisUrl& url, std::string_view text)
{
    const uint16_t default_port = url.has_sentinels() ? sentinel_port : redis_port;
    url.hosts.clear();
    const bool several = text.find(',') != std::string_view::npos;
    for (size_t comma = 0; comma != std::string_view::npos;) {
        comma = text.find(',');
        const std::string_view host = text.substr(0, comma);
        if (several && host.empty())
            refuse("One of the hosts is empty.");
        if (url.hosts.size() == max_redis_hosts)
            refuse("There are more than " + std::to_string(max_redis_hosts) + " hosts.");
        url.hosts.push_back(parse_host(host, default_port));
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
}

void parse_tcp(RedisUrl& url, std::string_view rest, bool sentinels)
{
    if (rest.find_first_of("?#") != std::string_view::npos)
        refuse("Only a unix:// URL takes parameters, and none a fragment.");
    const size_t slash = rest.find('/');
    const std::string_view authority = rest.substr(0, slash);
    std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (sentinels) {
        const size_t end = path.find('/');
        url.sentinel_name = percent_decode(path.substr(0, end), "name");
        if (url.sentinel_name.empty())
            refuse("The name by which Sentinel knows the primary is missing.");
        if (has_blank_or_control(url.sentinel_name))
            refuse("The name of the primary contains a blank or a control character.");
        path = end == std::string_view::npos ? "" : path.substr(end + 1);
    }
    if (!path.empty())
        url.database = parse_database(path);

    const size_t at = authority.rfind('@');
    if (at != std::string_view::npos)
        parse_user_info(url, authority.substr(0, at));
    parse_hosts(url, at == std::string_view::npos ? authority : authority.substr(at + 1));
}

void parse_unix(RedisUrl& url, std::string_view rest)
{
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos || (slash > 0 && rest[slash - 1] != '@'))
        refuse("The path of the socket must be absolute.");
    if (slash > 0)
        parse_user_info(url, rest.substr(0, slash - 1));

    std::string_view path = rest.substr(slash);
    if (const size_t question = path.find('?'); question != std::string_view::npos) {
        const std::string_view query = path.substr(question + 1);
        if (!query.starts_with("db="))
            refuse("The only parameter is db.");
        url.database = parse_database(query.substr(3));
        path = path.substr(0, question);
    }
    url.unix_path = percent_decode(path, "path");
    if (url.unix_path.size() < 2 || url.unix_path.size() > max_unix_path)
        refuse("The path of a socket has 2 to 107 bytes.");
    if (url.unix_path.find('\0') != std::string::npos)
        refuse("The path of the socket contains a NUL byte.");
}

bool take_scheme(std::string_view& text, std::string_view scheme)
{
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    if (text.size() < scheme.size() ||
        !std::equal(scheme.begin(), scheme.end(), text.begin(),
                    [&](char wanted, char given) { return same(given, wanted); }))
        return false;
    text.remove_prefix(scheme.size());
    return true;
}

} // namespace

RedisUrl parse_redis_url(std::string_view text)
{
    RedisUrl url;
    if (take_scheme(text, "unix://") || take_scheme(text, "redis+unix://")) {
        parse_unix(url, text);
        return url;
    }
    const bool sentinels = (url.tls = take_scheme(text, "rediss+sentinel://")) ||
                           take_scheme(text, "redis+sentinel://");
    if (!sentinels) {
        url.tls = take_scheme(text, "rediss://");
        if (!url.tls && !take_scheme(text, "redis://"))
            refuse("It does not begin with redis://, rediss://, redis+sentinel://, "
                   "rediss+sentinel:// or unix://.");
    }
    parse_tcp(url, text, sentinels);
    return url;
}

std::string RedisHost::display() const
{
    const bool ipv6 = name.find(':') != std::string::npos;
    return (ipv6 ? "[" + percent_encode(name, ":") + "]" : percent_encode(name)) + ":" +
           std::to_string(port);
}

std::string RedisUrl::display() const
{
    const std::string who = user.empty() ? "" : percent_encode(user) + "@";
    if (is_unix())
        return "unix://" + who + percent_encode(unix_path, "/") +
               (database != 0 ? "?db=" + std::to_string(database) : "");
    std::string text = std::string(tls ? "rediss" : "redis") + (has_sentinels() ? "+sentinel" : "");
    text += "://" + who;
    for (const RedisHost& host : hosts)
        text += (&host == hosts.data() ? "" : ",") + host.display();
    if (has_sentinels())
        text += "/" + percent_encode(sentinel_name);
    if (database != 0)
        text += "/" + std::to_string(database);
    return text;
}

} // namespace synckit
