#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/memory.hpp"
#include "clock/clock.hpp"
#include "document/ticks.hpp"

/*
 * The registers of a document: who wrote each field last, and when.
 *
 * Every field is a last-writer-wins register (stamp, client, number, value). Its value lives in
 * `state`; here stands the rest, as compact as it gets, because it is rewritten with every delta:
 * the writes that still hold, each once however many fields it set, and for each field the index of
 * its write. Names and values of live fields are not repeated: the fields stand in the order of
 * jsonb's keys, each with a hash of its name.
 */
namespace synckit {

/* The order of the keys of a jsonb object: by length, then by bytes. */
struct KeyOrder {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const
    {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};

/* What one delta did: the registers that it won point to it. */
struct Write {
    Ticks stamp;
    uint32_t client; // index of the client
    Counter number;
};

/* An index of a write, or none: a field without a register counts as written at stamp 1 by client
 * ''. */
inline constexpr uint32_t no_write = UINT32_MAX;

struct LiveField {
    uint32_t name_hash;
    uint32_t write;
};

struct Tombstone {
    std::string_view name;
    uint32_t write;
};

/* Registers as they are stored, unpacked. Texts are borrowed from the stored bytes or live in the
 * Memory. */
struct Registers {
    explicit Registers(std::pmr::memory_resource* memory)
        : clients(memory), writes(memory), live(memory), tombstones(memory)
    {
    }

    std::pmr::vector<std::string_view> clients;
    std::pmr::vector<Write> writes;
    Ticks horizon = 0;         // the greatest stamp among tombstones that were cleaned up; 0: none
    uint32_t alive = no_write; // the greatest `set` or `merge` of the document
    uint32_t dead = no_write;  // the greatest deletion of the document
    std::pmr::vector<LiveField> live;
    std::pmr::vector<Tombstone> tombstones;
};

/* FNV-1a, 32 bits (Fowler, Noll, Vo): part of the stored format. */
constexpr uint32_t name_hash(std::string_view name)
{
    uint32_t hash = 2166136261u;
    for (char c : name)
        hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
    return hash;
}

/* Throws XX001 for bytes that are no registers of a format version that this library knows. */
Registers decode_registers(Bytes bytes, Memory&);

/*
 * The canonical bytes: clients and writes sorted, each once, unused ones left out; tombstones in
 * key order. Equal registers are equal bytes. Throws 54000 if they would be larger than a value may
 * be.
 */
Bytes encode_registers(const Registers&, Memory&);

/*
 * Drops the tombstones of fields that were deleted before this stamp, and remembers the greatest
 * stamp dropped as the horizon. Returns how many.
 */
size_t drop_tombstones(Registers&, Ticks before);

/* The JSON text form, whose grammar is in docs/registers.md. Reading throws class 22. */
Bytes registers_from_text(std::string_view text, Memory&);
std::string_view registers_to_text(Bytes registers, Memory&);

} // namespace synckit
