#include "document/delta_id.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <openssl/sha.h>

#include "base/bytes.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

/* 48 bits, until the year 10889. */
constexpr int64_t most_ms = (int64_t{1} << 48) - 1;

void put_time(Uuid& id, int64_t unix_ms)
{
    uint8_t big_endian[8];
    store(big_endian,
          __builtin_bswap64(static_cast<uint64_t>(std::clamp<int64_t>(unix_ms, 0, most_ms))));
    std::memcpy(id.data(), big_endian + 2, 6);
}

void put_version(Uuid& id, uint8_t version)
{
    id[6] = static_cast<uint8_t>(version << 4 | (id[6] & 0x0f));
    id[8] = 0x80 | (id[8] & 0x3f);
}

} // namespace

Uuid derive_delta_id(const DeltaName& name)
{
    std::string bytes;
    auto append = [&bytes](std::string_view part) {
        uint8_t length[4];
        store(length, __builtin_bswap32(static_cast<uint32_t>(part.size())));
        bytes.append(reinterpret_cast<char*>(length), sizeof length);
        bytes.append(part);
    };
    append(name.document);
    append(name.client);
    append(std::to_string(name.clock_value));
    append(name.operation);
    append(name.field);
    append(name.value);
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest);

    /*
     * The first 12 bits of the digest fill the rest of bytes 6 and 7, the next 62 the rest of bytes
     * 8 to 15: the two fields start at other bit offsets than in the digest, so they are moved as
     * numbers.
     */
    Uuid id{};
    put_time(id, name.timestamp_ms);
    uint64_t first = __builtin_bswap64(load<uint64_t>(digest));
    uint64_t second = __builtin_bswap64(load<uint64_t>(digest + 8));
    uint64_t custom_b = first >> 52;                       // bits 0 to 11
    uint64_t custom_c = (first << 12 | second >> 52) >> 2; // bits 12 to 73
    id[6] = static_cast<uint8_t>(custom_b >> 8);
    id[7] = static_cast<uint8_t>(custom_b);
    uint8_t tail[8];
    store(tail, __builtin_bswap64(custom_c));
    std::memcpy(id.data() + 8, tail, 8);
    put_version(id, 8);
    return id;
}

Uuid make_uuid_v7(int64_t unix_ms, const std::array<uint8_t, 10>& random)
{
    Uuid id{};
    put_time(id, unix_ms);
    std::memcpy(id.data() + 6, random.data(), random.size());
    put_version(id, 7);
    return id;
}

} // namespace synckit
