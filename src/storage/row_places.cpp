#include "storage/row_places.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace synckit {

namespace {

struct Place {
    uint64 document; // hashed
    ItemPointerData place;
};

/* So many are remembered; of two that meet, the last. */
constexpr size_t most_places = 4096;
Place places[most_places];

uint64 hash_of(std::string_view document)
{
    return hash_bytes_extended(reinterpret_cast<const unsigned char*>(document.data()),
                               static_cast<int>(document.size()), 0);
}

} // namespace

void note_place(std::string_view document, const ItemPointerData& place)
{
    uint64 hash = hash_of(document);
    places[hash % most_places] = {hash, place};
}

ItemPointerData guess_place(std::string_view document)
{
    uint64 hash = hash_of(document);
    const Place& known = places[hash % most_places];
    return known.document == hash ? known.place : ItemPointerData{};
}

} // namespace synckit
