#pragma once

#include "clock/clock.hpp"

namespace synckit {

/* The entries of UUID clients of two clocks, merged: of each client the greater counter. */
struct MergedUuids {
    const uint8_t* uuids;
    Counters counters; // of the greater of the two clocks' widths
    size_t count;
};
MergedUuids merge_uuids(const ClockView& a, const ClockView& b, Memory&);

} // namespace synckit
