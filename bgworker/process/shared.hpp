#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
}

#include "redis/url.hpp"

/*
 * What the publisher keeps in shared memory: numbers and short texts, never a pointer. It is there
 * only where the library is in shared_preload_libraries.
 */
namespace synckit {

enum class WorkerState : uint32_t {
    none,           // the launcher has not looked yet
    no_extension,   // it looked: nothing to do here
    no_worker_slot, // max_worker_processes is exhausted
    starting,
    no_schema,        // synckit_migrate() was not run
    version_mismatch, // the library does not serve the extension's SQL, or the tables
    unconfigured,     // synckit.redis_url is empty
    paused,           // synckit.publish is off
    refused,          // another database publishes to the same channels
    connecting,       // Redis does not answer
    publishing,
    stopped, // left by itself; the launcher starts it again
    failed,  // ended by an error, which is in the server's log; started again after a pause
};
const char* to_text(WorkerState);

/* What of a destination is compared with others': a hash for each address with the prefix, 0 for
 * none. It takes the same room however long they are. */
struct Channels {
    uint64 hashes[max_redis_hosts] = {};

    bool operator==(const Channels&) const = default;
};

/* One database. Texts and times under the lock of the whole, the rest atomic. */
struct DatabaseSlot {
    pg_atomic_uint32 database; // its oid; InvalidOid: the slot is free
    pg_atomic_uint32 state;
    pg_atomic_uint32 worker;       // index into ProcGlobal->allProcs + 1; 0: no worker
    pg_atomic_uint32 looked_into;  // since the server started: what it publishes to, if anything
    pg_atomic_uint32 announced;    // CREATE EXTENSION has committed: the launcher is to look again
    pg_atomic_uint64 written;      // deltas committed here since the server started
    pg_atomic_uint64 written_mark; // as it was when `pending` was counted
    pg_atomic_uint64 pending;      // deltas known to be unpublished
    pg_atomic_uint64 published;    // messages that Redis has accepted
    pg_atomic_uint64 epoch;
    pg_atomic_uint64 cursors;  // so often somebody else than the worker has written the cursor
    pg_atomic_uint64 requeues; // so often synckit_requeue() was called
    /* Since the server started. */
    pg_atomic_uint64 outages;      // so often Redis was lost
    pg_atomic_uint64 truncated;    // messages that went without their value
    pg_atomic_uint64 foreign;      // rows that were passed by, as written elsewhere
    Channels channels;             // of its destination, see destination.hpp
    TimestampTz destination_since; // the earlier claim wins
    bool holds_destination;
    int32 pid;
    TimestampTz caught_up_at; // all that was committed before has been published
    TimestampTz last_error_at;
    char last_error[256];
};

/* With the extension; the others take no slot. */
inline constexpr int max_databases = 256;

struct SharedState {
    pg_atomic_uint32 launcher;        // as DatabaseSlot::worker
    pg_atomic_uint32 all_looked_into; // every database was, that there was when the server started
    DatabaseSlot slots[max_databases];
};

/* Called from _PG_init while libraries are preloaded. */
void reserve_shared_memory();

/* Null where the library is not preloaded. */
SharedState* shared_state();
LWLock* shared_lock();

DatabaseSlot* find_slot(Oid database);
/* Finds or takes a slot; null if all are taken. */
DatabaseSlot* claim_slot(Oid database);

/* The launcher is to look into the database: it may hold the extension now. Raises nothing. */
void announce(Oid database);
/* Frees the slot, unless its database was announced meanwhile: false then. */
bool free_slot(DatabaseSlot&);

/* Makes this process the database's worker; false if there is one that lives. */
bool claim_worker(DatabaseSlot&);
void release_worker(DatabaseSlot&);
bool has_worker(DatabaseSlot&);

void set_state(DatabaseSlot&, WorkerState);
WorkerState state_of(DatabaseSlot&);
void record_error(DatabaseSlot&, const char* message);

/* This process, as others find its latch. */
uint32_t own_proc();
/* Sets the latch of that process; a stale number wakes a stranger, which does no harm. */
void wake_proc(uint32_t proc);

} // namespace synckit
