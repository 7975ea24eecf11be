/*
 * The worker of one database as a process: how it begins and ends, and whom it makes way for. What
 * it does is in publisher.cpp. An error of the database ends it, and the launcher starts it anew.
 */
#include "bgworker/worker.hpp"

#include "bgworker/database_settings.hpp"
#include "bgworker/destination.hpp"
#include "bgworker/publisher.hpp"
#include "bgworker/shared.hpp"
#include "postgres/catalog.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

DatabaseSlot* slot = nullptr;
TimestampTz next_tick = 0;
uint64 own_settings = 0;   // their mark when this process took them
char sql_version[64] = ""; // of the extension, at the last tick
Publisher* publisher = nullptr;

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

void set_worker_settings()
{
    auto set = [](const char* name, const char* value) {
        SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
    };
    set("role", "none"); // whoever owns the database may have given it one
    set("search_path", "pg_catalog, pg_temp");
    set("row_security", "off"); // forced row-level security is an error then, not an empty feed
    set("synchronous_commit", "off"); // of the cursor: what it loses is published again
    /* The queries are made for their index; an estimate must not turn them into a look at the whole
     * log. */
    for (const char* method :
         {"enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"})
        set(method, "off");
    set("plan_cache_mode", "force_generic_plan");
    set("work_mem", "32MB");
    set("default_transaction_isolation", "read committed");
    set("default_transaction_read_only", "off");
}

/* Told to end, by pg_terminate_backend() or a shutdown: that is no failure. */
volatile sig_atomic_t told_to_end = 0;

extern "C" void note_end(SIGNAL_ARGS)
{
    told_to_end = 1;
    die(postgres_signal_arg);
}

/* So that little is published again. While it is still in its database, and not after an error. */
extern "C" void save_progress(int code, Datum)
{
    if (publisher && (code == 0 || told_to_end))
        publisher->save_at_end();
}

extern "C" void worker_ends(int code, Datum)
{
    if (state_of(*slot) == WorkerState::no_extension)
        release_destination(*slot);
    pg_atomic_write_u32(&slot->looked_into, 1);
    if (state_of(*slot) != WorkerState::no_extension)
        set_state(*slot, code == 0 || told_to_end ? WorkerState::stopped : WorkerState::failed);
    release_worker(*slot);
}

} // namespace

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

using namespace synckit;

extern "C" {
__attribute__((visibility("default"))) void synckit_worker_main(Datum);
}

void synckit_worker_main(Datum database)
{
    slot = claim_slot(DatumGetObjectId(database));
    if (!slot || !claim_worker(*slot))
        proc_exit(0); // another one is at work: a launcher that was started anew does not know it
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, note_end);
    BackgroundWorkerUnblockSignals();
    before_shmem_exit(worker_ends, 0);
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
    StartTransactionCommand();
    own_settings = database_settings_mark();
    CommitTransactionCommand();
    set_worker_settings();
    static Publisher work(*slot);
    publisher = &work;
    before_shmem_exit(save_progress, 0);
    PG_TRY();
    {
        work.run();
    }
    PG_CATCH();
    {
        /* The log gets the whole of it; the status is to show what it was. */
        LWLockReleaseAll();
        MemoryContextSwitchTo(TopMemoryContext);
        record_error(*slot, CopyErrorData()->message);
        PG_RE_THROW();
    }
    PG_END_TRY();
}
