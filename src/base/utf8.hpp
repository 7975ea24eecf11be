#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace synckit {

/*
 * How many bytes at the start of text are plain: ASCII that a JSON string holds as it is, so no
 * control character, quote or backslash. It is what nearly all text is, and is told eight bytes at
 * a time.
 */
inline size_t plain_prefix(std::string_view text)
{
    constexpr uint64_t ones = 0x0101010101010101, high_bits = 0x80 * ones;
    /* The lowest bit that is set belongs to the first byte that is zero; or below 0x20. */
    auto zero = [](uint64_t bytes) { return (bytes - ones) & ~bytes & high_bits; };
    auto control = [](uint64_t bytes) { return (bytes - 0x20 * ones) & ~bytes & high_bits; };

    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        uint64_t eight = load<uint64_t>(bytes + at);
        uint64_t special = (eight & high_bits) | control(eight) | zero(eight ^ ('"' * ones)) |
                           zero(eight ^ ('\\' * ones));
        if (special)
            return at + static_cast<size_t>(__builtin_ctzll(special)) / 8;
    }
    for (; at < text.size(); ++at)
        if (bytes[at] < 0x20 || bytes[at] >= 0x80 || bytes[at] == '"' || bytes[at] == '\\')
            break;
    return at;
}

/* The length in bytes of the UTF-8 sequence at the start of text (RFC 3629, section 4), 0 if there
 * is no valid one. */
inline size_t utf8_sequence(std::string_view text)
{
    auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
    auto tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
    uint8_t lead = byte(0);
    if (text.empty())
        return 0;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return tail(1) ? 2 : 0;
    if (lead >= 0xe0 && lead < 0xf0) {
        bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        bool surrogate = lead == 0xed && byte(1) >= 0xa0;
        return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xf0 && lead < 0xf5) {
        bool overlong = lead == 0xf0 && byte(1) < 0x90;
        bool beyond = lead == 0xf4 && byte(1) >= 0x90;
        return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

/* Text as Postgres stores it in a UTF8 database: well-formed, and without NUL. */
inline bool is_valid_text(std::string_view text)
{
    for (;;) {
        text.remove_prefix(plain_prefix(text));
        if (text.empty())
            return true;
        size_t length = utf8_sequence(text);
        if (length == 0 || text[0] == '\0')
            return false;
        text.remove_prefix(length);
    }
}

inline size_t utf8_characters(std::string_view text)
{
    size_t count = 0;
    for (char c : text)
        count += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
    return count;
}

/* At most limit bytes of text, never ending inside a character. */
inline std::string_view utf8_prefix(std::string_view text, size_t limit)
{
    if (text.size() <= limit)
        return text;
    while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xc0) == 0x80)
        --limit;
    return text.substr(0, limit);
}

} // namespace synckit
