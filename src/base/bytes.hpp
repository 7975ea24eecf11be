#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

/*
 * Reading and writing numbers in values at rest: little-endian, never aligned (a short varlena
 * starts anywhere).
 */
namespace synckit {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "values at rest are little-endian and are read with plain loads");

template <class T>
T load(const uint8_t* from)
{
    static_assert(std::is_unsigned_v<T>);
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T>
void store(uint8_t* to, T value)
{
    static_assert(std::is_unsigned_v<T>);
    std::memcpy(to, &value, sizeof value);
}

/* The smallest of the widths 1, 2, 4, 8 that holds the value. */
constexpr unsigned width_for(uint64_t value)
{
    return value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
}

inline uint64_t load_width(const uint8_t* from, unsigned width)
{
    switch (width) {
    case 1:
        return *from;
    case 2:
        return load<uint16_t>(from);
    case 4:
        return load<uint32_t>(from);
    default:
        return load<uint64_t>(from);
    }
}

inline void store_width(uint8_t* to, uint64_t value, unsigned width)
{
    switch (width) {
    case 1:
        *to = static_cast<uint8_t>(value);
        break;
    case 2:
        store(to, static_cast<uint16_t>(value));
        break;
    case 4:
        store(to, static_cast<uint32_t>(value));
        break;
    default:
        store(to, value);
    }
}

/* LEB128: seven bits a byte, least significant first, the high bit says that more follow. */
constexpr size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        ++size;
    return size;
}

inline uint8_t* put_varint(uint8_t* to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = static_cast<uint8_t>(value | 0x80);
    *to++ = static_cast<uint8_t>(value);
    return to;
}

/* Reads from bytes that may lie: null on the end of input, on overflow and on a form longer than
 * needed. */
inline const uint8_t* get_varint(const uint8_t* from, const uint8_t* end, uint64_t& value)
{
    value = 0;
    for (unsigned shift = 0; from < end && shift < 64; shift += 7) {
        uint64_t byte = *from++;
        if (shift == 63 && byte > 1)
            return nullptr;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return byte == 0 && shift > 0 ? nullptr : from;
    }
    return nullptr;
}

} // namespace synckit
