#include "bgworker/process/steps.hpp"

#ifdef SYNCKIT_STEPS

#include <csignal>
#include <cstdio>
#include <unistd.h>

#include "postgres/postgres.hpp"

namespace synckit {

namespace {

constexpr const char* orders = "synckit.step"; // a process of Postgres is in its data directory

} // namespace

void at_step(const char* name)
{
    char wanted[64] = "", action[16] = "";
    FILE* file = fopen(orders, "r");
    if (!file)
        return;
    int words = fscanf(file, "%63s %15s", wanted, action);
    fclose(file);
    if (words != 2 || std::strcmp(wanted, name) != 0 || unlink(orders) != 0)
        return;
    if (std::strcmp(action, "error") == 0)
        ereport(ERROR, (errmsg("synckit: failed at step %s, as told", name)));
    ereport(LOG, (errmsg("synckit: ends at step %s, as told", name)));
    kill(MyProcPid, std::strcmp(action, "kill") == 0 ? SIGKILL : SIGTERM);
    CHECK_FOR_INTERRUPTS();
}

} // namespace synckit

#endif
