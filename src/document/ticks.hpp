#pragma once

#include <algorithm>
#include <cstdint>

namespace synckit {

/*
 * The unit of time of stamps and of lamport: 1/1024 of a millisecond since 1970, so whole
 * milliseconds shifted left by
 * 10. Below 2^53 until the year 2248, hence safe in JSON.
 */
using Ticks = int64_t;

inline constexpr Ticks ticks_per_ms = 1024;
inline constexpr Ticks max_ticks = (Ticks{1} << 53) - 1;

/* Versions are whole numbers of JSON, too. */
inline constexpr int64_t max_version = (int64_t{1} << 53) - 1;

/* Never below 0: what happened before 1970 counts as then. */
constexpr Ticks ticks_from_unix_us(int64_t us)
{
    constexpr int64_t last = (max_ticks / ticks_per_ms) * 1000;
    us = std::clamp<int64_t>(us, 0, last);
    return us / 1000 * ticks_per_ms + us % 1000 * ticks_per_ms / 1000;
}

constexpr int64_t milliseconds(Ticks ticks)
{
    return ticks / ticks_per_ms;
}

} // namespace synckit
