/*
 * The worker of one database as a process: how it begins and ends. What it does is in
 * publisher.cpp. An error of the database ends it, and the launcher starts it anew.
 */
#include "bgworker/process/destination.hpp"
#include "bgworker/process/interrupts.hpp"
#include "bgworker/process/shared.hpp"
#include "bgworker/publisher.hpp"

extern "C" {
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
}

namespace synckit {

namespace {

DatabaseSlot* slot = nullptr;
Publisher* publisher = nullptr;

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
    begin_interrupts(*slot);
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
