#include "redis/topology.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/error.hpp"
#include "redis/reply_error.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

using Kind = RedisReply::Kind;

constexpr size_t most_primaries = 1000; // what a Redis Cluster is specified for

[[noreturn]] void refuse(const char* what)
{
    throw Error(sqlstate::protocol_violation, "Redis answered something else than was asked", what);
}

/* An error reply to a question about who serves what. */
[[noreturn]] void refuse_error(const RedisReply& reply)
{
    const ReplyErrorMeaning meaning = meaning_of(reply.text());
    throw Error(concerns_user(meaning.kind) ? sqlstate::invalid_authorization
                                            : sqlstate::cannot_connect,
                meaning.meaning, "Redis says: " + shown_reply_error(reply.text()), meaning.hint);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number most)
{
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > most)
        return std::nullopt;
    return number;
}

/* The host must be fit for C functions and logs. */
bool is_host(std::string_view name)
{
    return name.size() <= 255 && std::ranges::all_of(name, [](char c) {
               return static_cast<unsigned char>(c) > ' ' && c != '\x7f';
           });
}

constexpr auto crc_table = [] {
    std::array<uint16_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
        table[byte] = static_cast<uint16_t>(crc);
    }
    return table;
}();

} // namespace

void append_primary_query(RedisProtocol& protocol, std::string_view name)
{
    protocol.append_command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name});
}

RedisHost parse_primary(const RedisReply& reply)
{
    if (reply.is_error())
        refuse_error(reply);
    if (reply.kind() == Kind::nil)
        throw Error(sqlstate::cannot_connect, "Sentinel knows no primary of that name", {},
                    "Does the name in redis_url stand in a line \"sentinel monitor\" of its "
                    "configuration?");
    const auto& words = reply.elements();
    if (words.size() != 2)
        refuse("It is not an address.");
    const auto port = parse_number<uint16_t>(words[1].text(), UINT16_MAX);
    if (!port || *port == 0 || words[0].text().empty() || !is_host(words[0].text()))
        refuse("It is not an address.");
    return {words[0].text(), *port};
}

uint16_t slot_of(std::string_view channel) noexcept
{
    if (const size_t open = channel.find('{'); open != std::string_view::npos) {
        const size_t close = channel.find('}', open);
        if (close != std::string_view::npos && close > open + 1)
            channel = channel.substr(open + 1, close - open - 1);
    }
    uint16_t crc = 0;
    for (const char c : channel)
        crc = static_cast<uint16_t>(crc << 8 ^
                                    crc_table[(crc >> 8 ^ static_cast<uint8_t>(c)) & 0xff]);
    return crc % slot_count;
}

std::optional<MovedSlot> parse_moved(std::string_view error)
{
    constexpr std::string_view moved = "MOVED ";
    if (!error.starts_with(moved))
        return std::nullopt;
    error.remove_prefix(moved.size());
    const size_t blank = error.find(' ');
    const size_t colon = error.rfind(':');
    if (blank == std::string_view::npos || colon == std::string_view::npos || colon < blank)
        return std::nullopt;
    const auto slot = parse_number<uint16_t>(error.substr(0, blank), slot_count - 1);
    const auto port = parse_number<uint16_t>(error.substr(colon + 1), UINT16_MAX);
    std::string_view name = error.substr(blank + 1, colon - blank - 1);
    if (name == "?") // its name is not known
        name = "";
    if (!slot || !port || *port == 0 || !is_host(name))
        return std::nullopt;
    return MovedSlot{*slot, {std::string(name), *port}};
}

void SlotMap::append_query(RedisProtocol& protocol)
{
    protocol.limit_replies(max_reply_bytes);
    protocol.append_command({"CLUSTER", "SLOTS"});
}

/* A list of [first slot, last slot, [host, port, ...] of the primary, replicas ...]. */
SlotMap SlotMap::parse(const RedisReply& reply, const RedisHost& asked)
{
    if (reply.is_error())
        refuse_error(reply);
    if (reply.kind() != Kind::array)
        refuse("It is not a list of slots.");
    SlotMap map;
    for (const RedisReply& range : reply.elements()) {
        const auto& parts = range.elements();
        if (parts.size() < 3 || parts[2].elements().size() < 2)
            refuse("It is not a list of slots.");
        const long long first = parts[0].integer(), last = parts[1].integer();
        const std::string& name = parts[2].elements()[0].text();
        const long long port = parts[2].elements()[1].integer();
        if (first < 0 || last < first || last >= slot_count || port < 1 || port > UINT16_MAX ||
            !is_host(name))
            refuse("It is not a list of slots.");
        // Nothing or "?": a node that does not know its own name is where it was reached.
        const bool unknown = name.empty() || name == "?";
        const uint16_t primary =
            map.find_or_add({unknown ? asked.name : name, static_cast<uint16_t>(port)});
        for (long long slot = first; slot <= last; ++slot)
            map.primary_of_[static_cast<size_t>(slot)] = primary;
    }
    if (map.primaries_.empty())
        throw Error(sqlstate::cannot_connect, "no node of the Redis Cluster serves anything", {},
                    meaning_of("CLUSTERDOWN").hint);
    return map;
}

uint16_t SlotMap::move(uint16_t slot, const RedisHost& to)
{
    return primary_of_[slot] = find_or_add(to);
}

uint16_t SlotMap::find_or_add(const RedisHost& host)
{
    const auto found = std::ranges::find(primaries_, host);
    const auto index = static_cast<uint16_t>(found - primaries_.begin());
    if (found == primaries_.end()) {
        if (primaries_.size() == most_primaries)
            refuse("It names more nodes than a cluster has.");
        primaries_.push_back(host);
    }
    return index;
}

} // namespace synckit
