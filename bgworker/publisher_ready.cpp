/*
 * Whether the publisher has something to publish and somewhere to publish it, and what it says of
 * itself.
 */
#include "bgworker/process/destination.hpp"
#include "bgworker/publisher.hpp"
#include "bgworker/process/steps.hpp"
#include "bgworker/process/interrupts.hpp"
#include "postgres/catalog.hpp"
#include "postgres/settings.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/dbcommands.h"
#include "pgstat.h"
#include "utils/timestamp.h"
}

namespace synckit {

void Publisher::report(WorkerState state)
{
    bool backlog = cursor_loaded_ && cursor_.publishing_to;
    bool same_address = std::strcmp(said_address_, link_->address()) == 0;
    if (state_of(slot_) == state && backlog == said_backlog_ && same_address)
        return;
    set_state(slot_, state);
    said_backlog_ = backlog;
    strlcpy(said_address_, link_->address(), sizeof said_address_);
    char activity[400];
    if (state == WorkerState::publishing || state == WorkerState::connecting)
        snprintf(activity, sizeof activity, "%s to Redis at %s%s", to_text(state), link_->address(),
                 backlog ? ", working off a backlog" : "");
    else
        strlcpy(activity, to_text(state), sizeof activity);
    pgstat_report_activity(STATE_IDLE, activity);
}

/* Whether there is something to publish and somewhere to publish it; says why not. */
bool Publisher::ready()
{
    if (settings::redis_url[0] == '\0') {
        report(WorkerState::unconfigured);
        disown_destination();
        return false;
    }
    if (!library_matches()) {
        disown_destination();
        cursor_loaded_ = false;
        return false;
    }
    if (uint64 cursors = pg_atomic_read_u64(&slot_.cursors); cursors != cursors_seen_) {
        cursors_seen_ = cursors;
        cursor_loaded_ = false;
    }
    if (!cursor_loaded_ && !use_cursor()) {
        report(WorkerState::no_schema);
        disown_destination();
        return false;
    }
    if (!owns_destination())
        return false;
    if (!settings::publish) {
        report(WorkerState::paused);
        return false;
    }
    return true;
}

/* The launcher waits for this, to look into the next database. */
void Publisher::looked_into()
{
    if (pg_atomic_exchange_u32(&slot_.looked_into, 1) == 0)
        wake_proc(pg_atomic_read_u32(&shared_state()->launcher));
}

void Publisher::disown_destination()
{
    release_destination(slot_);
    forget_claim();
    looked_into();
}

void Publisher::forget_claim()
{
    if (!claimed_url_)
        return;
    pfree(claimed_url_);
    pfree(claimed_prefix_);
    claimed_url_ = claimed_prefix_ = nullptr;
}

/* Also while it is paused: what it publishes to stays its own. */
bool Publisher::owns_destination()
{
    if (claimed_url_ && std::strcmp(claimed_url_, settings::redis_url) == 0 &&
        std::strcmp(claimed_prefix_, settings::channel_prefix) == 0)
        return true;
    forget_claim(); // of the former settings: who goes back to them claims anew
    StartTransactionCommand();
    char* destination = MemoryContextStrdup(TopMemoryContext, configured_destination());
    record_address(slot_, configured_address());
    CommitTransactionCommand();
    bool known = cursor_.destination && std::strcmp(cursor_.destination, destination) == 0;
    TimestampTz since = known ? cursor_.destination_since : GetCurrentTimestamp();
    Oid by = InvalidOid;
    Claim claim = claim_destination(slot_, destination, since, by);
    looked_into();
    if (claim == Claim::held && !known)
        save_destination(cursor_, destination, since);
    pfree(destination);
    if (claim == Claim::held) {
        claimed_url_ = MemoryContextStrdup(TopMemoryContext, settings::redis_url);
        claimed_prefix_ = MemoryContextStrdup(TopMemoryContext, settings::channel_prefix);
        refused_by_ = InvalidOid;
    } else if (claim == Claim::taken) {
        report(WorkerState::refused);
        say_refused(by);
    }
    return claim == Claim::held;
}

void Publisher::say_refused(Oid by)
{
    if (by == refused_by_)
        return;
    refused_by_ = by;
    StartTransactionCommand();
    const char* other = get_database_name(by);
    const char* own = get_database_name(MyDatabaseId);
    other = quote_identifier(other ? other : "?");
    own = quote_identifier(own ? own : "?");
    record_error(slot_, psprintf("database %s publishes to the same channels; "
                                 "ALTER DATABASE %s SET synckit.channel_prefix gives this one its "
                                 "own",
                                 other, own));
    ereport(LOG, (errmsg("synckit: database %s does not publish: database %s publishes to the same "
                         "channels",
                         own, other),
                  errdetail(
                      "Receivers could not tell the documents of the one from those of the other."),
                  errhint("ALTER DATABASE %s SET synckit.channel_prefix = '…'.", own)));
    CommitTransactionCommand();
}

bool Publisher::use_cursor()
{
    if (!load_cursor(cursor_))
        return false;
    at_step("cursor-loaded");
    unsaved_ = false;
    feed_.start_over();
    cursor_loaded_ = true;
    uint64 written = pg_atomic_read_u64(&slot_.written);
    feed_.count_pending();
    if (!cursor_.publishing_to) {
        LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
        slot_.caught_up_at = Max(slot_.caught_up_at, cursor_.saved_at); // or the worker before
        LWLockRelease(shared_lock());
    }
    pg_atomic_write_u64(&slot_.epoch, static_cast<uint64>(cursor_.epoch));
    pg_atomic_write_u64(&slot_.published, static_cast<uint64>(cursor_.published));
    pg_atomic_write_u64(&slot_.written_mark, written);
    pg_atomic_write_u64(&slot_.pending, feed_.pending());
    return true;
}

/* The library serves this version of the tables and the one before; with another one, or with SQL
 * of another version, it idles and says so. */
bool Publisher::library_matches()
{
    StartTransactionCommand();
    int version = schema_version();
    bool there = version > 0 && OidIsValid(table_oid("deltas"));
    const char* mismatch = nullptr;
    if (!library_serves_sql(extension_version()))
        mismatch =
            psprintf("the library does not serve version %s of the extension", extension_version());
    else if (there && (version < library_schema_version - 1 || version > library_schema_version))
        mismatch = psprintf("the tables are of version %d, the library of version %d", version,
                            library_schema_version);
    if (mismatch && state_of(slot_) != WorkerState::version_mismatch) {
        record_error(slot_, mismatch);
        ereport(LOG,
                (errmsg("synckit: nothing is published: %s", mismatch),
                 errhint("After an upgrade of the package: restart the server, ALTER EXTENSION "
                         "synckit UPDATE, SELECT synckit_migrate().")));
    }
    CommitTransactionCommand();
    if (mismatch)
        report(WorkerState::version_mismatch);
    else if (!there)
        report(WorkerState::no_schema);
    return there && !mismatch;
}

} // namespace synckit
