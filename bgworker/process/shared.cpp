#include "bgworker/process/shared.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"

extern "C" {
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

constexpr const char* tranche = "synckit";

SharedState* state = nullptr;
LWLock* lock = nullptr;
shmem_request_hook_type previous_request_hook = nullptr;
shmem_startup_hook_type previous_startup_hook = nullptr;

extern "C" void request_memory()
{
    if (previous_request_hook)
        previous_request_hook();
    RequestAddinShmemSpace(MAXALIGN(sizeof(SharedState)));
    RequestNamedLWLockTranche(tranche, 1);
}

/* What starts at 0 for each database that takes the slot. */
auto small_numbers(DatabaseSlot& slot)
{
    return std::array{&slot.state, &slot.worker, &slot.looked_into, &slot.announced, &slot.wanted};
}

auto counters(DatabaseSlot& slot)
{
    return std::array{&slot.written, &slot.written_mark, &slot.pending,   &slot.published,
                      &slot.epoch,   &slot.outages,      &slot.truncated, &slot.foreign};
}

extern "C" void start_memory()
{
    if (previous_startup_hook)
        previous_startup_hook();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found;
    state = static_cast<SharedState*>(ShmemInitStruct("synckit", sizeof(SharedState), &found));
    lock = &GetNamedLWLockTranche(tranche)->lock;
    if (!found) {
        std::memset(static_cast<void*>(state), 0, sizeof *state);
        pg_atomic_init_u32(&state->launcher, 0);
        pg_atomic_init_u32(&state->all_looked_into, 0);
        for (DatabaseSlot& slot : state->slots) {
            pg_atomic_init_u32(&slot.database, InvalidOid);
            for (pg_atomic_uint32* number : small_numbers(slot))
                pg_atomic_init_u32(number, 0);
            for (pg_atomic_uint64* number : counters(slot))
                pg_atomic_init_u64(number, 0);
            for (pg_atomic_uint64* number : {&slot.cursors, &slot.requeues})
                pg_atomic_init_u64(number, 0);
        }
    }
    LWLockRelease(AddinShmemInitLock);
}

} // namespace

const char* to_text(WorkerState worker_state)
{
    switch (worker_state) {
    case WorkerState::none:
        return "unknown";
    case WorkerState::no_extension:
        return "no extension";
    case WorkerState::no_worker_slot:
        return "no worker slot";
    case WorkerState::starting:
        return "starting";
    case WorkerState::no_schema:
        return "no schema";
    case WorkerState::version_mismatch:
        return "version mismatch";
    case WorkerState::unconfigured:
        return "not configured";
    case WorkerState::paused:
        return "paused";
    case WorkerState::refused:
        return "refused";
    case WorkerState::connecting:
        return "connecting";
    case WorkerState::publishing:
        return "publishing";
    case WorkerState::stopped:
        return "stopped";
    case WorkerState::failed:
        return "failed";
    }
    return "";
}

void reserve_shared_memory()
{
    previous_request_hook = shmem_request_hook;
    shmem_request_hook = request_memory;
    previous_startup_hook = shmem_startup_hook;
    shmem_startup_hook = start_memory;
}

SharedState* shared_state()
{
    return state;
}

LWLock* shared_lock()
{
    return lock;
}

DatabaseSlot* find_slot(Oid database)
{
    if (!state)
        return nullptr;
    for (DatabaseSlot& slot : state->slots)
        if (pg_atomic_read_u32(&slot.database) == database)
            return &slot;
    return nullptr;
}

namespace {

DatabaseSlot* claim_slot_locked(Oid database)
{
    DatabaseSlot* slot = find_slot(database);
    if (!slot && (slot = find_slot(InvalidOid))) {
        slot->pid = 0;
        slot->caught_up_at = slot->last_error_at = 0;
        slot->last_error[0] = slot->redis_address[0] = '\0';
        slot->channels = {};
        slot->holds_destination = false;
        for (pg_atomic_uint32* number : small_numbers(*slot))
            pg_atomic_write_u32(number, 0);
        for (pg_atomic_uint64* number : counters(*slot))
            pg_atomic_write_u64(number, 0);
        pg_atomic_write_u32(&slot->database, database);
    }
    return slot;
}

} // namespace

DatabaseSlot* claim_slot(Oid database)
{
    if (!state)
        return nullptr;
    LWLockAcquire(lock, LW_EXCLUSIVE);
    DatabaseSlot* slot = claim_slot_locked(database);
    LWLockRelease(lock);
    return slot;
}

void announce(Oid database)
{
    if (!find_slot(database) && !find_slot(InvalidOid))
        return; // no room: whoever writes here is not to wait for the lock each time
    LWLockAcquire(lock, LW_EXCLUSIVE);
    if (DatabaseSlot* slot = claim_slot_locked(database))
        pg_atomic_write_u32(&slot->announced, 1);
    LWLockRelease(lock);
    wake_proc(pg_atomic_read_u32(&state->launcher));
}

bool free_slot(DatabaseSlot& slot)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    bool announced = pg_atomic_read_u32(&slot.announced) == 1;
    if (!announced)
        pg_atomic_write_u32(&slot.database, InvalidOid);
    LWLockRelease(lock);
    return !announced;
}

bool claim_worker(DatabaseSlot& slot)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    bool taken = slot.pid != 0 && slot.pid != MyProcPid && BackendPidGetProc(slot.pid);
    if (!taken) {
        slot.pid = MyProcPid;
        pg_atomic_write_u32(&slot.worker, own_proc());
    }
    LWLockRelease(lock);
    return !taken;
}

void release_worker(DatabaseSlot& slot)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    if (slot.pid == MyProcPid) {
        slot.pid = 0;
        pg_atomic_write_u32(&slot.worker, 0);
    }
    LWLockRelease(lock);
}

bool has_worker(DatabaseSlot& slot)
{
    LWLockAcquire(lock, LW_SHARED);
    bool living = slot.pid != 0 && BackendPidGetProc(slot.pid);
    LWLockRelease(lock);
    return living;
}

void set_state(DatabaseSlot& slot, WorkerState worker_state)
{
    pg_atomic_write_u32(&slot.state, static_cast<uint32_t>(worker_state));
}

WorkerState state_of(DatabaseSlot& slot)
{
    return static_cast<WorkerState>(pg_atomic_read_u32(&slot.state));
}

void record_error(DatabaseSlot& slot, const char* message)
{
    std::string_view text = utf8_prefix(message, sizeof slot.last_error - 1);
    LWLockAcquire(lock, LW_EXCLUSIVE);
    std::memcpy(slot.last_error, text.data(), text.size());
    slot.last_error[text.size()] = '\0';
    slot.last_error_at = GetCurrentTimestamp();
    LWLockRelease(lock);
}

void record_address(DatabaseSlot& slot, const char* redis)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    strlcpy(slot.redis_address, redis, sizeof slot.redis_address);
    LWLockRelease(lock);
}

uint32_t own_proc()
{
#if PG_VERSION_NUM >= 170000
    return static_cast<uint32_t>(MyProcNumber) + 1;
#else
    return static_cast<uint32_t>(MyProc->pgprocno) + 1;
#endif
}

void wake_proc(uint32_t proc)
{
    if (proc > 0 && proc <= ProcGlobal->allProcCount)
        SetLatch(&ProcGlobal->allProcs[proc - 1].procLatch);
}

} // namespace synckit
