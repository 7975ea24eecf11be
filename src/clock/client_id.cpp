#include "clock/client_id.hpp"

#include "base/error.hpp"
#include "base/utf8.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr bool is_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

constexpr int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace

bool uuid_from_text(std::string_view text, uint8_t* uuid)
{
    if (text.size() != uuid_text_size)
        return false;
    for (size_t i = 0; i < uuid_text_size;) {
        if (is_dash(i)) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        *uuid++ = static_cast<uint8_t>(high << 4 | low);
        i += 2;
    }
    return true;
}

void uuid_to_text(const uint8_t* uuid, char* text)
{
    static constexpr char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < uuid_text_size;) {
        if (is_dash(i)) {
            text[i++] = '-';
            continue;
        }
        text[i++] = hex[*uuid >> 4];
        text[i++] = hex[*uuid++ & 15];
    }
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
    if (!is_valid_text(text))
        throw Error(sqlstate::character_not_in_repertoire, "client id is not valid UTF-8 text",
                    "A client id is well-formed UTF-8 without NUL bytes.");
    ClientId id;
    id.uuid_ = uuid_from_text(text, id.buffer_.data());
    if (!id.uuid_)
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
