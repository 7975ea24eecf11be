#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace synckit {

inline constexpr size_t max_client_id_bytes = 255;

/* A UUID as text (RFC 9562, section 4), 8-4-4-4-12 hexadecimal digits. */
inline constexpr size_t uuid_text_size = 36;
inline constexpr size_t uuid_size = 16;

/*
 * Reads a canonical UUID: 36 characters, lower case. Any other spelling is another text, hence
 * another client.
 */
bool uuid_from_text(std::string_view text, uint8_t* uuid);
void uuid_to_text(const uint8_t* uuid, char* text);

/* Below, at or above 0; as numbers, so that no call is needed. */
inline int compare_uuids(const uint8_t* a, const uint8_t* b)
{
    for (size_t half = 0; half < uuid_size; half += 8) {
        uint64_t mine = __builtin_bswap64(load<uint64_t>(a + half));
        uint64_t theirs = __builtin_bswap64(load<uint64_t>(b + half));
        if (mine != theirs)
            return mine < theirs ? -1 : 1;
    }
    return 0;
}

inline bool same_uuid(const uint8_t* a, const uint8_t* b)
{
    return std::memcmp(a, b, uuid_size) == 0;
}

/*
 * A client id as clocks compare and store it: UTF-8 text of 1 to 255 bytes. One that is a canonical
 * UUID is kept as its 16 bytes; the order of those bytes is the order of the text.
 */
class ClientId {
  public:
    ClientId() = default;

    /* Throws 22023 for an empty id, 22001 for one that is too long and 22021 for one that is not
     * UTF-8. */
    static ClientId from_text(std::string_view text);
    /* For questions: none for what is no client id, which no clock has an entry of. */
    static std::optional<ClientId> find(std::string_view text);
    static ClientId from_uuid(const uint8_t* uuid)
    {
        ClientId id;
        id.uuid_ = true;
        std::memcpy(id.buffer_.data(), uuid, uuid_size);
        return id;
    }
    /* A text that is known to be valid and not to be a UUID: it comes from a stored value. */
    static ClientId from_plain(std::string_view text)
    {
        ClientId id;
        id.text_ = text;
        return id;
    }

    bool is_uuid() const { return uuid_; }
    const uint8_t* uuid() const { return buffer_.data(); }
    std::string_view plain() const { return text_; }

    /* The id as text; buffer (36 bytes) is used if it has to be written out. */
    std::string_view text(char* buffer) const
    {
        if (!uuid_)
            return text_;
        uuid_to_text(buffer_.data(), buffer);
        return {buffer, uuid_text_size};
    }

    /* By the bytes of the text: below, at or above 0. */
    int compare(const ClientId& other) const;
    bool operator==(const ClientId& other) const { return compare(other) == 0; }
    bool operator<(const ClientId& other) const { return compare(other) < 0; }

  private:
    std::string_view text_; // borrowed
    std::array<uint8_t, uuid_size> buffer_{};
    bool uuid_ = false;
};

} // namespace synckit
