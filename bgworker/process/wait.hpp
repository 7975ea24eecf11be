#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

/* How the worker waits for sockets: signals, barriers and DROP DATABASE are served meanwhile. */
namespace synckit {

/* A set that holds the latch and the postmaster's death, and has room for so many sockets. */
inline WaitEventSet* create_wait_set(int sockets)
{
#if PG_VERSION_NUM >= 170000
    WaitEventSet* set = CreateWaitEventSet(nullptr, sockets + 2);
#else
    WaitEventSet* set = CreateWaitEventSet(TopMemoryContext, sockets + 2);
#endif
    AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
    AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
    return set;
}

/*
 * Waits for one of its sockets, but no longer than `most_ms` or the worker's tick; serves what must
 * be served. Whether a socket has something; if not, nothing is known. Who set the latch meanwhile
 * is not forgotten: it is set again when a socket has something.
 */
bool wait_for_sockets(WaitEventSet*, long most_ms);

inline TimestampTz in_ms(long ms)
{
    return GetCurrentTimestamp() + ms * INT64CONST(1000);
}

/* Rounded up: not 0 before the time has come. */
inline long ms_until(TimestampTz time)
{
    return static_cast<long>((time - GetCurrentTimestamp() + 999) / 1000);
}

} // namespace synckit
