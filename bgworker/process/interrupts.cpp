#include "bgworker/process/interrupts.hpp"

#include "bgworker/process/database_settings.hpp"
#include "postgres/catalog.hpp"
#include "postgres/settings.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

DatabaseSlot* slot = nullptr;
TimestampTz next_tick = 0;
uint64 own_settings = 0;   // their mark when this process took them
char sql_version[64] = ""; // of the extension, at the last tick

/* For whoever asks how the publisher does: a session's own settings may be others. */
void note_settings()
{
    Wanted wanted = settings::redis_url[0] != '\0' && settings::publish ? Wanted::yes : Wanted::no;
    pg_atomic_write_u32(&slot->wanted, static_cast<uint32_t>(wanted));
}

[[noreturn]] void leave(WorkerState why)
{
    set_state(*slot, why);
    proc_exit(0);
}

/*
 * DROP DATABASE, RENAME and CREATE DATABASE … TEMPLATE lock the database and then wait for those
 * who are in it, in vain if we stayed: whoever has the lock gets it by our leaving. The launcher
 * starts us again, and then we wait.
 */
bool somebody_wants_the_database()
{
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
    if (LockAcquire(&tag, RowExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
        return true;
    LockRelease(&tag, RowExclusiveLock, false);
    return false;
}

} // namespace

void begin_interrupts(DatabaseSlot& own)
{
    slot = &own;
    note_settings();
    StartTransactionCommand();
    own_settings = database_settings_mark();
    CommitTransactionCommand();
}

const char* extension_version()
{
    return sql_version;
}

void serve_interrupts()
{
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
        note_settings();
    }
    TimestampTz now = GetCurrentTimestamp();
    if (now < next_tick)
        return;
    next_tick = now + tick_ms * 1000;
    StartTransactionCommand();
    bool wanted = somebody_wants_the_database();
    char* version = installed_version();
    bool installed = version != nullptr;
    if (installed)
        strlcpy(sql_version, version, sizeof sql_version);
    bool same_settings = database_settings_mark() == own_settings;
    CommitTransactionCommand();
    /* A setting that was reset has its value from elsewhere again: a new process finds out. */
    if (wanted || !same_settings)
        leave(WorkerState::stopped);
    if (!installed)
        leave(WorkerState::no_extension);
}

} // namespace synckit
