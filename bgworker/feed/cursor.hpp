#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "access/transam.h"
#include "datatype/timestamp.h"
#include "storage/itemptr.h"
}

/*
 * How far the publisher has come: not a position in any order, but a snapshot. What it shows has
 * been published; what a later one shows and it does not is the next batch. The idea is that of PgQ
 * (Skype, 2007).
 */
namespace synckit {

/* A snapshot, as pg_snapshot has it: everything below xmin has ended, nothing from xmax on has
 * begun. */
struct Snapshot {
    uint64 xmin = 0;
    uint64 xmax = 0;
    std::span<const uint64> running; // of those in between, ascending

    bool shows(uint64 xid) const;
};

/* Reads "xmin:xmax:xip,xip,…"; the list is made in the current memory context. */
Snapshot parse_snapshot(const char* text);

Datum xid_datum(uint64 xid);
/* The transactions that ran at the first snapshot and had ended at the second: an array of xid8. */
Datum ended_between(const Snapshot& from, const Snapshot& to);

/* The row of _synckit.publisher. Snapshots stay texts, in TopMemoryContext. */
struct Cursor {
    ItemPointerData ctid;
    int64 epoch = 0;
    char* published_to = nullptr;  // S1
    char* publishing_to = nullptr; // S2 while a backlog is worked off, else null
    int64 position = 0;            // in that backlog: the greatest seq published
    int64 broadcast_position = 0; // and, once all of its deltas are: the greatest id of a broadcast
    int64 published = 0;
    TimestampTz saved_at = 0;
    bool new_epoch = false;      // to be announced
    char* destination = nullptr; // see destination.hpp; null: none yet
    TimestampTz destination_since = 0;
};

/* A cursor at this transaction, with a new epoch: the first one is written by synckit_migrate().
 * Switches to the extension's owner for it. */
void create_cursor();

/* A new epoch at the same cursor, which is returned. For functions: switches to the extension's
 * owner. 55000 where there is no cursor. */
int64 begin_epoch();

/* What has been published, as a snapshot's text in the current memory context; null where there is
 * no cursor. For functions: switches to the extension's owner. */
char* published_snapshot();

/*
 * Reads the cursor in a transaction of its own. One that is of another cluster or timeline gets a
 * new epoch; where there is none, publishing starts now. What is new is durable on return.
 * False where there is none and a restore is under way.
 */
bool load_cursor(Cursor&);

/* Keeps where it publishes to, from now on. */
void save_destination(Cursor&, const char* destination, TimestampTz since);

/* Whether it is still the row that was read: a COMMIT PREPARED of a new one wakes nobody. */
bool is_current(Cursor&);

enum class Saved {
    yes,
    locked,   // somebody is about to replace it, and has not committed: it is tried again later
    replaced, // the row is no more the one that was read: load it
};
/* Saves it, asynchronously: losing it costs repetition. Waits for nobody. */
Saved save_cursor(Cursor&);

} // namespace synckit
