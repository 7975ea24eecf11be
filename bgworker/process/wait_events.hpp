#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "utils/wait_event.h"
}

/*
 * What pg_stat_activity shows a process of ours to be waiting for. Extensions can name their waits
 * from Postgres 17 on; before, all of them are "Extension".
 */
namespace synckit {

enum class WaitFor {
    work,
    redis, // or a name server
    redis_back_off,
    launcher,
};

inline uint32 wait_event([[maybe_unused]] WaitFor what)
{
#if PG_VERSION_NUM >= 170000
    constexpr const char* names[] = {"SynckitPublisherMain", "SynckitPublisherRedis",
                                     "SynckitPublisherBackOff", "SynckitLauncherMain"};
    static uint32 events[lengthof(names)] = {};
    auto i = static_cast<size_t>(what);
    if (events[i] == 0)
        events[i] = WaitEventExtensionNew(names[i]);
    return events[i];
#else
    return PG_WAIT_EXTENSION;
#endif
}

} // namespace synckit
