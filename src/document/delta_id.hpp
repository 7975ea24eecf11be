#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace synckit {

using Uuid = std::array<uint8_t, 16>;

/* What names a delta for ever, wherever it is sent from: the parts of the recipe below. */
struct DeltaName {
    std::string_view document;
    std::string_view client;
    int64_t clock_value;
    std::string_view operation;
    std::string_view field;
    std::string_view value; // canonical JSON text, empty for SQL NULL
    int64_t timestamp_ms;   // milliseconds since 1970; below: 0
};

/*
 * The id of a delta that brings its writer's number and time but no id: a UUIDv8 (RFC 9562,
 * section 5.8) of 48 bits of the timestamp and the first 74 bits of SHA-256 over document, client,
 * number (decimal), operation, field and value, each preceded by its length in bytes (4 bytes,
 * big-endian). A resent delta gets the same id, hence is a duplicate.
 */
Uuid derive_delta_id(const DeltaName&);

/* A UUIDv7 (RFC 9562, section 5.7) of this time and ten random bytes. */
Uuid make_uuid_v7(int64_t unix_ms, const std::array<uint8_t, 10>& random);

} // namespace synckit
