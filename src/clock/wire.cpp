#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "clock/clock.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr uint8_t wire_version = 1;

[[noreturn]] void bad_wire(std::string detail)
{
    throw Error(sqlstate::invalid_binary_representation, "invalid binary value for type vclock",
                std::move(detail), "The binary form is described in docs/vclock.md.");
}

template <class T>
T big_endian(const uint8_t* from)
{
    T value = load<T>(from);
    return sizeof(T) == 4 ? static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)))
                          : static_cast<T>(__builtin_bswap64(value));
}

} // namespace

Bytes clock_from_wire(Bytes wire, Memory& memory)
{
    const uint8_t* at = wire.data();
    const uint8_t* end = at + wire.size();
    auto need = [&](size_t size) {
        if (static_cast<size_t>(end - at) < size)
            bad_wire("It is cut off.");
    };
    need(5);
    if (*at++ != wire_version)
        bad_wire("Its format version is not 1.");
    uint32_t count = big_endian<uint32_t>(at);
    at += 4;
    /* The least entry has 13 bytes: a forged count cannot make us allocate more than the message's
     * own size. */
    if (count > static_cast<size_t>(end - at) / 13)
        bad_wire("It has fewer entries than it says.");
    std::pmr::vector<ClockEntry> entries(&memory);
    entries.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
        need(4);
        uint32_t length = big_endian<uint32_t>(at);
        at += 4;
        if (length > max_client_id_bytes)
            bad_wire("A client id is longer than 255 bytes.");
        need(length + 8);
        ClientId client = ClientId::from_text(as_text({at, length}));
        at += length;
        auto counter = static_cast<Counter>(big_endian<uint64_t>(at));
        at += 8;
        if (counter < 1)
            bad_wire("A counter is not between 1 and 9223372036854775807.");
        if (!entries.empty() && !(entries.back().client < client))
            bad_wire("Its client ids are not in ascending order.");
        entries.push_back({client, counter});
        memory.poll();
    }
    if (at != end)
        bad_wire("Bytes follow its last entry.");
    return make_clock(entries, memory);
}

Bytes clock_to_wire(const ClockView& clock, Memory& memory)
{
    size_t size = 5 + clock.uuids() * (12 + uuid_text_size) + clock.texts() * size_t{12} +
                  clock.text_bytes().size();
    std::span<uint8_t> out = memory.make_value(size);
    uint8_t* at = out.data();
    *at++ = wire_version;
    store(at, __builtin_bswap32(clock.size()));
    at += 4;
    for (ClockCursor cursor(clock); !cursor.done(); cursor.next()) {
        ClockEntry entry = cursor.entry();
        char buffer[uuid_text_size];
        std::string_view text = entry.client.text(buffer);
        store(at, __builtin_bswap32(static_cast<uint32_t>(text.size())));
        at += 4;
        std::memcpy(at, text.data(), text.size());
        at += text.size();
        store(at, __builtin_bswap64(static_cast<uint64_t>(entry.counter)));
        at += 8;
    }
    return out;
}

} // namespace synckit
