#include "clock/client_id.hpp"

#include "base/error.hpp"
#include "base/utf8.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr std::array<size_t, 4> dashes = {8, 13, 18, 23};

/* Where the two digits of each byte stand. */
constexpr std::array<uint8_t, uuid_size> digits = {0,  2,  4,  6,  9,  11, 14, 16,
                                                   19, 21, 24, 26, 28, 30, 32, 34};

constexpr uint8_t no_digit = 0xff;

/* What a character is worth as a lower-case hexadecimal digit. */
constexpr std::array<uint8_t, 256> digit_values = [] {
    std::array<uint8_t, 256> values{};
    values.fill(no_digit);
    for (uint8_t i = 0; i < 10; ++i)
        values['0' + i] = i;
    for (uint8_t i = 0; i < 6; ++i)
        values['a' + i] = 10 + i;
    return values;
}();

/* The two digits of each byte. */
constexpr std::array<std::array<char, 2>, 256> byte_digits = [] {
    constexpr char hex[] = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (size_t byte = 0; byte < 256; ++byte)
        pairs[byte] = {hex[byte >> 4], hex[byte & 15]};
    return pairs;
}();

} // namespace

bool uuid_from_text(std::string_view text, uint8_t* uuid)
{
    if (text.size() != uuid_text_size)
        return false;
    for (size_t dash : dashes)
        if (text[dash] != '-')
            return false;
    /* One look at the end, instead of one at each digit: almost all that looks like a UUID is one.
     */
    uint8_t seen = 0;
    for (size_t i = 0; i < uuid_size; ++i) {
        uint8_t high = digit_values[static_cast<uint8_t>(text[digits[i]])];
        uint8_t low = digit_values[static_cast<uint8_t>(text[digits[i] + 1])];
        seen |= high | low;
        uuid[i] = static_cast<uint8_t>(high << 4 | low);
    }
    return seen < 16;
}

void uuid_to_text(const uint8_t* uuid, char* text)
{
    for (size_t dash : dashes)
        text[dash] = '-';
    for (size_t i = 0; i < uuid_size; ++i)
        std::memcpy(text + digits[i], byte_digits[uuid[i]].data(), 2);
}

ClientId ClientId::from_text(std::string_view text)
{
    if (text.empty())
        throw Error(sqlstate::invalid_parameter_value, "client id must not be empty",
                    "A client id has 1 to 255 bytes.",
                    "Name the client by whatever tells it from all others, a UUID for example.");
    if (text.size() > max_client_id_bytes)
        throw Error(sqlstate::string_data_right_truncation, "client id is too long",
                    "It has " + std::to_string(text.size()) + " bytes; a client id has 1 to 255.",
                    "Bytes are counted, not characters. A UUID has 36.");
    if (std::optional<ClientId> id = find(text))
        return *id;
    throw Error(sqlstate::character_not_in_repertoire, "client id is not valid UTF-8 text",
                "A client id is well-formed UTF-8 without NUL bytes.");
}

std::optional<ClientId> ClientId::find(std::string_view text)
{
    if (text.empty() || text.size() > max_client_id_bytes)
        return std::nullopt;
    ClientId id;
    id.uuid_ = uuid_from_text(text, id.buffer_.data());
    if (id.uuid_)
        return id;
    if (!is_valid_text(text))
        return std::nullopt;
    id.text_ = text;
    return id;
}

int ClientId::compare(const ClientId& other) const
{
    if (uuid_ && other.uuid_)
        return compare_uuids(uuid(), other.uuid());
    char mine[uuid_text_size], theirs[uuid_text_size];
    return text(mine).compare(other.text(theirs));
}

} // namespace synckit
