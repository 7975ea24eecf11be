/*
 * The worker of one database: reads what was committed, publishes it, remembers how far it came.
 *
 * Read and commit; then publish; then save the cursor in a transaction of its own. Redis is never
 * waited for inside a transaction, and nothing is skipped: what Redis has not accepted is read
 * again. An error of the database ends the process, and the launcher starts it anew.
 */
#include "bgworker/worker.hpp"

#include "bgworker/cursor.hpp"
#include "bgworker/feed.hpp"
#include "bgworker/housekeeping.hpp"
#include "bgworker/redis_link.hpp"
#include "bgworker/shared.hpp"
#include "postgres/catalog.hpp"
#include "postgres/settings.hpp"
#include "postgres/unix_time.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
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

#include "message/message.hpp"

namespace synckit {

namespace {

constexpr long save_interval_ms = 100; // at most so often the cursor is saved
constexpr long first_back_off_ms = 100;
constexpr long longest_back_off_ms = 5000;
/* After a batch of several rows a pause, so that a busy server pays per batch and not per commit.
 */
constexpr size_t busy_rows = 4;
constexpr long busy_pause_ms = 1;

DatabaseSlot* slot = nullptr;
TimestampTz next_tick = 0;

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

void report(WorkerState state)
{
    if (state_of(*slot) == state)
        return;
    set_state(*slot, state);
    pgstat_report_activity(STATE_IDLE, to_text(state));
}

class Worker {
  public:
    [[noreturn]] void run();

  private:
    bool ready();
    bool schema_ready();
    void publish();
    bool ensure_connected();
    void lost_redis();
    void heard_redis();
    bool announce_epoch();
    void save();
    void save_if_due();
    void clean_up_if_due();
    void wait(long ms);

    Cursor cursor_;
    Feed feed_{cursor_};
    RedisLink* link_ = nullptr;
    bool cursor_loaded_ = false;
    uint64 cursors_seen_ = 0;
    bool unsaved_ = false;
    TimestampTz saved_at_ = 0;
    TimestampTz cleaned_up_at_ = GetCurrentTimestamp();
    long back_off_ms_ = 0;
    bool complained_ = false; // of Redis, since it was last heard
};

/* Whether there is something to publish and somewhere to publish it; says why not. */
bool Worker::ready()
{
    if (settings::redis_url[0] == '\0') {
        report(WorkerState::unconfigured);
        return false;
    }
    if (!settings::publish) {
        report(WorkerState::paused);
        return false;
    }
    if (!schema_ready()) {
        report(WorkerState::no_schema);
        cursor_loaded_ = false;
        return false;
    }
    if (uint64 cursors = pg_atomic_read_u64(&slot->cursors); cursors != cursors_seen_) {
        cursors_seen_ = cursors;
        cursor_loaded_ = false;
    }
    if (!cursor_loaded_) {
        load_cursor(cursor_);
        unsaved_ = false;
        feed_.reset();
        cursor_loaded_ = true;
        uint64 written = pg_atomic_read_u64(&slot->written);
        feed_.count_pending();
        if (!cursor_.publishing_to) {
            LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
            slot->caught_up_at = cursor_.saved_at;
            LWLockRelease(shared_lock());
        }
        pg_atomic_write_u64(&slot->epoch, static_cast<uint64>(cursor_.epoch));
        pg_atomic_write_u64(&slot->published, static_cast<uint64>(cursor_.published));
        pg_atomic_write_u64(&slot->written_mark, written);
        pg_atomic_write_u64(&slot->pending, feed_.pending());
    }
    return true;
}

/* The library serves this version of the tables and the one before; with another it idles. */
bool Worker::schema_ready()
{
    StartTransactionCommand();
    int version = schema_version();
    bool served = version > 0 && version >= library_schema_version - 1 &&
                  version <= library_schema_version && OidIsValid(table_oid("deltas"));
    CommitTransactionCommand();
    return served;
}

bool Worker::ensure_connected()
{
    /* A Redis that goes while there is nothing to publish is noticed at the next tick. */
    if (link_->connected() && link_->is_current() && link_->check())
        return true;
    if (link_->connect())
        return true;
    lost_redis();
    return false;
}

/* It takes what is published: a connection alone does not say so. */
void Worker::heard_redis()
{
    if (complained_)
        ereport(LOG, (errmsg("synckit: publishing to Redis at %s again", link_->address())));
    complained_ = false;
    back_off_ms_ = 0;
}

/* Says so once an outage, and waits: twice as long each time, up to a cap. */
void Worker::lost_redis()
{
    feed_.reset();
    link_->close(); // where a message was refused, it stands still
    report(WorkerState::connecting);
    record_error(*slot, link_->error());
    if (!complained_)
        ereport(LOG, (errmsg("synckit: cannot publish to Redis at %s: %s", link_->address(),
                             link_->error()),
                      errdetail("Deltas wait in the log; it is tried again until it succeeds."),
                      link_->hint()[0] ? errhint("%s", link_->hint()) : 0));
    complained_ = true;
    if (unsaved_) // Redis may be away for long, and cleanup goes by what is saved
        save();
    back_off_ms_ =
        back_off_ms_ == 0 ? first_back_off_ms : Min(back_off_ms_ * 2, longest_back_off_ms);
    wait(back_off_ms_);
}

bool Worker::announce_epoch()
{
    if (!cursor_.new_epoch)
        return true;
    int64 now_ms = unix_us(GetCurrentTimestamp()) / 1000;
    run_pure([&] {
        HeapMemory memory;
        std::pmr::string channel(&memory), message(&memory);
        append_broadcast_channel(channel, settings::channel_prefix);
        append_epoch_message(message, cursor_.epoch, now_ms);
        link_->publish(channel, message);
    });
    if (link_->exchange() != RedisLink::Outcome::accepted)
        return false;
    cursor_.new_epoch = false;
    unsaved_ = true;
    return true;
}

/* Publishes until nothing is left. */
void Worker::publish()
{
    for (;;) {
        ResetLatch(MyLatch);
        serve_interrupts();
        if (!ready())
            return;
        if (!ensure_connected())
            continue;
        if (!announce_epoch()) {
            lost_redis();
            continue;
        }
        report(WorkerState::publishing);
        uint64 written = pg_atomic_read_u64(&slot->written);
        TimestampTz looked_at = GetCurrentTimestamp();
        Batch batch = feed_.read(*link_);
        if (feed_.took_snapshot()) {
            pg_atomic_write_u64(&slot->written_mark, written);
            pg_atomic_write_u64(&slot->pending, feed_.pending());
        }
        if (batch.messages > 0 && link_->exchange() != RedisLink::Outcome::accepted) {
            lost_redis();
            continue;
        }
        heard_redis();
        feed_.accept(batch.messages);
        pg_atomic_write_u64(&slot->pending, feed_.pending());
        pg_atomic_write_u64(&slot->published, static_cast<uint64>(cursor_.published));
        if (feed_.pending() == 0 && !cursor_.publishing_to) {
            LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
            slot->caught_up_at = looked_at;
            LWLockRelease(shared_lock());
        }
        unsaved_ |= batch.rows > 0;
        save_if_due();
        if (batch.rows == 0)
            return;
        if (batch.rows >= busy_rows && !cursor_.publishing_to)
            wait(busy_pause_ms);
    }
}

void Worker::save()
{
    if (!save_cursor(cursor_))
        cursor_loaded_ =
            false; // migrate, or somebody else, has written another one: start from that
    unsaved_ = false;
    saved_at_ = GetCurrentTimestamp();
}

void Worker::save_if_due()
{
    if (unsaved_ && GetCurrentTimestamp() >= saved_at_ + save_interval_ms * 1000)
        save();
}

/* One piece at a time: publishing goes on in between. */
void Worker::clean_up_if_due()
{
    if (settings::cleanup_interval_s == 0 || !cursor_loaded_)
        return;
    TimestampTz now = GetCurrentTimestamp();
    if (now < cleaned_up_at_ + int64{settings::cleanup_interval_s} * 1'000'000)
        return;
    if (clean_up())
        SetLatch(MyLatch);
    else
        cleaned_up_at_ = now;
}

/* Waits so long whatever happens, but serves what must be served. */
void Worker::wait(long ms)
{
    TimestampTz until = GetCurrentTimestamp() + ms * 1000;
    for (long left = ms; left > 0;
         left = static_cast<long>((until - GetCurrentTimestamp() + 999) / 1000)) {
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(left, tick_ms),
                  PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        serve_interrupts();
    }
}

void Worker::run()
{
    link_ = RedisLink::create();
    for (;;) {
        publish();
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                  unsaved_ ? save_interval_ms : tick_ms, PG_WAIT_EXTENSION);
        save_if_due();
        clean_up_if_due();
    }
}

void set_worker_settings()
{
    auto set = [](const char* name, const char* value) {
        SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
    };
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

extern "C" void worker_ends(int code, Datum)
{
    if (state_of(*slot) != WorkerState::no_extension)
        set_state(*slot, code == 0 || told_to_end ? WorkerState::stopped : WorkerState::failed);
    release_worker(*slot);
}

} // namespace

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
    bool installed = OidIsValid(get_extension_oid("synckit", true));
    CommitTransactionCommand();
    if (wanted)
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
    set_worker_settings();
    static Worker worker;
    PG_TRY();
    {
        worker.run();
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
