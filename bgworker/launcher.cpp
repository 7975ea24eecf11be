/*
 * The launcher: finds the databases that have the extension and keeps one worker in each.
 *
 * From outside nobody sees whether a database has the extension, so each is looked into once, by
 * its worker, which leaves if there is nothing to do; one at a time. CREATE EXTENSION announces
 * itself, and so does whoever writes where no extension was found. Only databases that have it
 * keep a slot of the shared memory. A worker that ended is started again, after a pause that grows
 * while it keeps failing.
 */
#include "bgworker/launcher.hpp"

#include "bgworker/process/destination.hpp"
#include "bgworker/process/shared.hpp"
#include "bgworker/process/wait_events.hpp"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

constexpr long look_ms = 1000;            // between looks at databases and workers, unless woken
constexpr int64 first_pause_us = 500'000; // before a failed worker is started again
constexpr int64 longest_pause_us = 60'000'000;

/* What the launcher knows of a database. */
struct Database {
    Oid oid;
    DatabaseSlot* slot; // null: it has no extension, or there was no free one
    BackgroundWorkerHandle* worker;
    TimestampTz started_at;
    TimestampTz start_after;
    int64 pause_us;
    bool seen;       // in the latest look at pg_database
    bool started;    // was looked into at least once
    bool complained; // of a missing worker slot, or of too many databases
};

class Launcher {
  public:
    [[noreturn]] void run();

  private:
    void list_databases();
    void add(Oid oid);
    void free_slots_of_others();
    void look();
    void find_slot_of(Database&, bool looking);
    bool is_running(Database&);
    void note_all_looked_into();
    void start(Database&);
    Database* find(Oid oid);

    Database* databases_ = nullptr;
    int count_ = 0;
    int room_ = 0;
};

Database* Launcher::find(Oid oid)
{
    for (int i = 0; i < count_; ++i)
        if (databases_[i].oid == oid)
            return &databases_[i];
    return nullptr;
}

void Launcher::add(Oid oid)
{
    if (count_ == room_) {
        room_ = Max(64, 2 * room_);
        size_t bytes = sizeof(Database) * static_cast<size_t>(room_);
        databases_ = static_cast<Database*>(
            databases_ ? repalloc(databases_, bytes) : MemoryContextAlloc(TopMemoryContext, bytes));
    }
    Database& database = databases_[count_++];
    database = {};
    database.oid = oid;
    database.pause_us = first_pause_us;
}

/* Never a template, nor one that does not allow connections: a worker in it would be in its owner's
 * way. */
void Launcher::list_databases()
{
    for (int i = 0; i < count_; ++i)
        databases_[i].seen = false;
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    Relation relation = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(relation, 0, nullptr);
    while (HeapTuple tuple = heap_getnext(scan, ForwardScanDirection)) {
        auto* database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
        if (!database->datallowconn || database->datistemplate || database->datconnlimit == -2)
            continue;
        if (!find(database->oid))
            add(database->oid);
        find(database->oid)->seen = true;
    }
    table_endscan(scan);
    table_close(relation, AccessShareLock);
    PopActiveSnapshot();
    CommitTransactionCommand();
}

bool Launcher::is_running(Database& database)
{
    if (!database.worker)
        return false;
    pid_t pid;
    BgwHandleStatus status = GetBackgroundWorkerPid(database.worker, &pid);
    if (status != BGWH_STOPPED)
        return true;
    pfree(database.worker);
    database.worker = nullptr;
    return false;
}

void Launcher::start(Database& database)
{
    BackgroundWorker worker = {};
    snprintf(worker.bgw_name, BGW_MAXLEN, "synckit publisher");
    snprintf(worker.bgw_type, BGW_MAXLEN, "synckit publisher");
    snprintf(worker.bgw_library_name, BGW_MAXLEN, "synckit");
    snprintf(worker.bgw_function_name, BGW_MAXLEN, "synckit_worker_main");
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART; // by the launcher: after a crash it starts as well
    worker.bgw_main_arg = ObjectIdGetDatum(database.oid);
    worker.bgw_notify_pid = MyProcPid;

    MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
    bool registered = RegisterDynamicBackgroundWorker(&worker, &database.worker);
    MemoryContextSwitchTo(before);
    database.started_at = GetCurrentTimestamp();
    database.start_after = database.started_at + database.pause_us;
    database.pause_us = Min(database.pause_us * 2, longest_pause_us);
    if (registered) {
        set_state(*database.slot, WorkerState::starting);
        database.started = true;
        database.complained = false;
        return;
    }
    database.worker = nullptr;
    set_state(*database.slot, WorkerState::no_worker_slot);
    if (!database.complained)
        ereport(LOG, (errmsg("synckit: no free worker slot to publish database with OID %u",
                             database.oid),
                      errhint("Raise max_worker_processes.")));
    database.complained = true;
}

/* Of databases that are gone, or that no worker may enter. One that is newer than our list is
 * looked into as soon as it is in it. */
void Launcher::free_slots_of_others()
{
    for (DatabaseSlot& slot : shared_state()->slots) {
        auto oid = static_cast<Oid>(pg_atomic_read_u32(&slot.database));
        if (!OidIsValid(oid) || find(oid) || has_worker(slot))
            continue;
        pg_atomic_write_u32(&slot.announced, 0);
        free_slot(slot);
    }
}

/* One that has been looked into without finding the extension gets a slot when it is announced. */
void Launcher::find_slot_of(Database& database, bool looking)
{
    database.slot = find_slot(database.oid);
    if (database.slot || database.started || looking)
        return;
    database.slot = claim_slot(database.oid);
    if (!database.slot && !database.complained)
        ereport(LOG, (errmsg("synckit: no room to publish database with OID %u", database.oid),
                      errdetail("At most %d databases can be published.", max_databases)));
    database.complained = !database.slot;
}

void Launcher::look()
{
    list_databases();
    TimestampTz now = GetCurrentTimestamp();
    bool looking = false; // into a database for the first time
    for (int i = 0; i < count_; ++i) {
        Database& database = databases_[i];
        if (database.seen && !database.slot)
            find_slot_of(database, looking);
        DatabaseSlot* slot = database.slot;
        if (slot && (is_running(database) || has_worker(*slot))) {
            looking |= pg_atomic_read_u32(&slot->looked_into) == 0;
            continue;
        }
        if (!database.seen) { // dropped
            database = databases_[--count_];
            --i;
            continue;
        }
        if (!slot)
            continue;
        bool announced = pg_atomic_exchange_u32(&slot->announced, 0) == 1;
        if (announced)
            set_state(*slot, WorkerState::none);
        bool ran_well = now - database.started_at > longest_pause_us;
        if (announced || ran_well || state_of(*slot) == WorkerState::stopped) {
            database.pause_us = first_pause_us;
            database.start_after =
                Min(database.start_after, database.started_at + database.pause_us);
        }
        if (announced)
            database.start_after = 0;
        if (state_of(*slot) == WorkerState::no_extension) {
            if (free_slot(*slot))
                database.slot = nullptr;
            continue;
        }
        if (now < database.start_after || (looking && !database.started))
            continue;
        looking |= !database.started;
        start(database);
    }
    free_slots_of_others();
    note_all_looked_into();
}

/* From then on workers may publish: before, another database may turn out to have the better claim
 * to the channels. One into which nobody can look does not hold up the others. */
void Launcher::note_all_looked_into()
{
    if (pg_atomic_read_u32(&shared_state()->all_looked_into) == 1)
        return;
    for (int i = 0; i < count_; ++i) {
        Database& database = databases_[i];
        bool waiting = database.worker || !database.started;
        bool looked_into = database.slot && pg_atomic_read_u32(&database.slot->looked_into) == 1;
        if (waiting && !looked_into && !database.complained)
            return;
    }
    pg_atomic_write_u32(&shared_state()->all_looked_into, 1);
    for (DatabaseSlot& slot : shared_state()->slots)
        wake_proc(pg_atomic_read_u32(&slot.worker));
}

void Launcher::run()
{
    for (;;) {
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
        look();
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, look_ms,
                  wait_event(WaitFor::launcher));
    }
}

extern "C" void forget_launcher(int, Datum)
{
    pg_atomic_write_u32(&shared_state()->launcher, 0);
}

} // namespace

void register_launcher()
{
    BackgroundWorker worker = {};
    snprintf(worker.bgw_name, BGW_MAXLEN, "synckit launcher");
    snprintf(worker.bgw_type, BGW_MAXLEN, "synckit launcher");
    snprintf(worker.bgw_library_name, BGW_MAXLEN, "synckit");
    snprintf(worker.bgw_function_name, BGW_MAXLEN, "synckit_launcher_main");
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = 5;
    RegisterBackgroundWorker(&worker);
}

} // namespace synckit

using namespace synckit;

extern "C" {
__attribute__((visibility("default"))) void synckit_launcher_main(Datum);
}

void synckit_launcher_main(Datum)
{
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    pg_atomic_write_u32(&shared_state()->launcher, own_proc());
    on_shmem_exit(forget_launcher, 0);
    static Launcher launcher;
    launcher.run();
}
