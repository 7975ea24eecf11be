#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace synckit {

/* Counters as clocks store them: unaligned numbers of 1, 2, 4 or 8 bytes, one behind the other. */
struct Counters {
    const uint8_t* at;
    unsigned width;

    int64_t operator[](size_t i) const
    {
        return static_cast<int64_t>(load_width(at + i * width, width));
    }
    Counters from(size_t i) const { return {at + i * width, width}; }
};

/* Calls body with a number of the unsigned type that has this width. */
template <class Body>
auto with_width(unsigned width, Body body)
{
    switch (width) {
    case 1:
        return body(uint8_t{});
    case 2:
        return body(uint16_t{});
    case 4:
        return body(uint32_t{});
    default:
        return body(uint64_t{});
    }
}

/*
 * The loops over columns of counters, written so that the compiler makes vector instructions of
 * them for every pair of widths.
 */

/* Writes counters as numbers of another width, which holds them. */
void convert(Counters from, uint8_t* out, unsigned width, size_t count);

/* Writes the pairwise maxima as numbers of the greater width. */
void maxima(Counters a, Counters b, uint8_t* out, size_t count);

/* Writes the pairwise minima as numbers of the smaller width. */
void minima(Counters a, Counters b, uint8_t* out, size_t count);

int64_t greatest(Counters, size_t count);

/* Whether one has a counter that is above the other's. */
struct Ahead {
    bool a = false, b = false;
};
Ahead compare(Counters a, Counters b, size_t count);

} // namespace synckit
