#include "redis/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "base/utf8.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

/* The code point of one well-formed UTF-8 sequence. */
uint32_t decode(std::string_view sequence)
{
    const auto lead = static_cast<uint8_t>(sequence[0]);
    uint32_t code_point = sequence.size() == 1 ? lead : lead & (0xFFu >> (sequence.size() + 1));
    for (const char c : sequence.substr(1))
        code_point = code_point << 6 | (static_cast<uint8_t>(c) & 0x3F);
    return code_point;
}

bool is_harmless(uint32_t c)
{
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool separator = c == 0x2028 || c == 0x2029;
    const bool direction = c == 0x061C || c == 0x200E || c == 0x200F ||
                           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return !control && !separator && !direction;
}

} // namespace

std::string printable(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const size_t length = utf8_sequence(text);
        const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
        text.remove_prefix(character.size());

        char escape[sizeof "\\u0000"];
        if (length == 0) {
            std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<uint8_t>(character[0]));
            result += escape;
        } else if (const uint32_t c = decode(character); is_harmless(c)) {
            result += character;
        } else {
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<uint16_t>(c));
            result += escape;
        }
    }
    return result;
}

std::string printable(std::string_view text, size_t max_bytes)
{
    if (text.size() <= max_bytes)
        return printable(text);
    return printable(utf8_prefix(text, max_bytes)) + "…";
}

} // namespace synckit
