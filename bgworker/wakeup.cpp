/*
 * How a commit wakes the publisher: a latch is set, by the transaction that wrote deltas, once it
 * can be seen. No NOTIFY, whose queue is locked until after the commit; no polling.
 */
#include "bgworker/wakeup.hpp"

#include "bgworker/shared.hpp"

extern "C" {
#include "access/xact.h"
}

namespace synckit {

namespace {

/* Of the current transaction. What a subtransaction wrote and lost is counted too: it costs a look
 * for nothing. */
size_t written = 0;
bool schema_changed = false;
bool cursor_written = false;
bool extension_created = false;
DatabaseSlot* slot = nullptr;

/*
 * Whether the worker is to be woken: a signal costs a writer more than its share of the log does,
 * and a worker that has nobody to publish to would sleep on. It says what it is doing before it
 * looks at the log, and the transaction can be seen before it asks: so nothing is missed.
 */
bool worker_listens()
{
    pg_memory_barrier();
    switch (state_of(*slot)) {
    case WorkerState::unconfigured:
    case WorkerState::paused:
    case WorkerState::connecting:
        return schema_changed || cursor_written;
    default:
        return true;
    }
}

/* At COMMIT the transaction has left the list of running ones already. Nothing here may raise: it
 * would be a PANIC. */
extern "C" void at_transaction_end(XactEvent event, void*)
{
    if (event == XACT_EVENT_COMMIT && slot &&
        pg_atomic_read_u32(&slot->database) == static_cast<uint32_t>(MyDatabaseId)) {
        if (cursor_written)
            pg_atomic_fetch_add_u64(&slot->cursors, 1);
        if (written > 0 || schema_changed || cursor_written) {
            pg_atomic_fetch_add_u64(&slot->written, static_cast<int64>(written));
            if (worker_listens())
                wake_proc(pg_atomic_read_u32(&slot->worker));
        }
        if (extension_created) {
            pg_atomic_write_u32(&slot->announced, 1);
            wake_proc(pg_atomic_read_u32(&shared_state()->launcher));
        }
    }
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
        written = 0;
        schema_changed = false;
        cursor_written = false;
        extension_created = false;
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

} // namespace

void note_deltas_written(size_t count)
{
    register_once();
    written += count;
    if (!slot)
        slot = find_slot(MyDatabaseId);
}

void note_schema_changed()
{
    note_deltas_written(0);
    schema_changed = true;
}

void note_cursor_written()
{
    note_deltas_written(0);
    cursor_written = true;
}

void note_extension_created()
{
    register_once();
    extension_created = true;
    slot = claim_slot(MyDatabaseId);
}

} // namespace synckit
