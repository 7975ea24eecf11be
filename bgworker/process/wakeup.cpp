/*
 * How a commit wakes the publisher: a latch is set, by the transaction that wrote deltas, once it
 * can be seen. No NOTIFY, whose queue is locked until after the commit; no polling.
 */
#include "bgworker/process/wakeup.hpp"

#include "bgworker/process/shared.hpp"

extern "C" {
#include "access/xact.h"
}

namespace synckit {

namespace {

/* What the current transaction has done. What a subtransaction wrote and lost is counted too: it
 * costs a look for nothing. */
struct Done {
    size_t deltas = 0;
    bool broadcast = false;
    bool schema = false;
    bool cursor = false;
    bool requeue = false;
    bool extension = false;

    bool concerns_worker() const { return deltas > 0 || broadcast || schema || cursor || requeue; }
};
Done done;
DatabaseSlot* slot = nullptr;

/*
 * Whether the worker is to be woken: a signal costs a writer more than its share of the log does,
 * and a worker that has nobody to publish to would sleep on. The transaction can be seen before it
 * asks, and the worker looks at the log once more after it has said that it publishes again: so
 * nothing is missed.
 */
bool worker_listens()
{
    pg_memory_barrier();
    switch (state_of(*slot)) {
    case WorkerState::unconfigured:
    case WorkerState::paused:
    case WorkerState::connecting:
    case WorkerState::refused:
    case WorkerState::version_mismatch:
        return done.schema || done.cursor;
    default:
        return true;
    }
}

/* The launcher knows of this database, and that it has the extension. It does not where CREATE
 * EXTENSION was part of a prepared transaction: then whoever writes first tells it. */
bool launcher_knows()
{
    return slot && pg_atomic_read_u32(&slot->database) == static_cast<uint32_t>(MyDatabaseId) &&
           state_of(*slot) != WorkerState::no_extension;
}

/* At COMMIT the transaction has left the list of running ones already. Nothing here may raise: it
 * would be a PANIC. */
extern "C" void at_transaction_end(XactEvent event, void*)
{
    if (event == XACT_EVENT_COMMIT && shared_state() &&
        (done.extension || (done.concerns_worker() && !launcher_knows())))
        announce(MyDatabaseId);
    if (event == XACT_EVENT_COMMIT && slot &&
        pg_atomic_read_u32(&slot->database) == static_cast<uint32_t>(MyDatabaseId)) {
        if (done.cursor)
            pg_atomic_fetch_add_u64(&slot->cursors, 1);
        if (done.requeue)
            pg_atomic_fetch_add_u64(&slot->requeues, 1);
        if (done.concerns_worker()) {
            pg_atomic_fetch_add_u64(&slot->written, static_cast<int64>(done.deltas));
            if (worker_listens())
                wake_proc(pg_atomic_read_u32(&slot->worker));
        }
    }
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
        done = {};
        slot = nullptr;
    }
}

void register_once()
{
    static bool registered = false;
    if (!registered)
        RegisterXactCallback(at_transaction_end, nullptr);
    registered = true;
}

/* Where it is noted that this transaction concerns this database's worker. */
Done& noted()
{
    register_once();
    if (!slot)
        slot = find_slot(MyDatabaseId);
    return done;
}

} // namespace

void note_deltas_written(size_t count)
{
    noted().deltas += count;
}

void note_broadcast_written()
{
    noted().broadcast = true;
}

void note_schema_changed()
{
    noted().schema = true;
}

void note_cursor_written()
{
    noted().cursor = true;
}

void note_requeued()
{
    noted().requeue = true;
}

void note_extension_created()
{
    noted().extension = true;
}

} // namespace synckit
