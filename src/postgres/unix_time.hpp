#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "utils/timestamp.h"
}

#include "document/ticks.hpp"

/* Postgres counts microseconds from 2000, messages and ticks from 1970. */
namespace synckit {

inline constexpr int64_t postgres_epoch_us = INT64CONST(946684800) * 1000000;

inline int64_t unix_us(TimestampTz timestamp)
{
    /* Both count in 64 bits: the last thirty years of Postgres's calendar are beyond. */
    int64_t us;
    return __builtin_add_overflow(timestamp, postgres_epoch_us, &us) ? INT64_MAX : us;
}

inline Ticks ticks_of(TimestampTz timestamp)
{
    return ticks_from_unix_us(unix_us(timestamp));
}

} // namespace synckit
