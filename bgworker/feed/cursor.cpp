#include "bgworker/feed/cursor.hpp"

#include <algorithm>

#include "bgworker/process/steps.hpp"
#include "bgworker/process/wakeup.hpp"
#include "postgres/bridge.hpp"
#include "postgres/extension_owner.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/array.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"
}

#include "postgres/unix_time.hpp"

namespace synckit {

namespace {

/* A new generation: what counts over all of them stays. */
constexpr Oid insert_types[] = {INT8OID, INT8OID, INT4OID, TEXTOID};
Statement insert_statement(
    "INSERT INTO _synckit.publisher (epoch, system_identifier, timeline, published_to) "
    "VALUES ($1, $2, $3, $4::pg_catalog.pg_snapshot) ON CONFLICT (only_row) DO UPDATE SET "
    "epoch = excluded.epoch, system_identifier = excluded.system_identifier, "
    "timeline = excluded.timeline, published_to = excluded.published_to, publishing_to = NULL, "
    "position = 0, broadcast_position = 0, announced = false, saved_at = pg_catalog.now() "
    "RETURNING ctid",
    insert_types);
Statement load_statement(
    "SELECT ctid, epoch, system_identifier, timeline, published_to::pg_catalog.text, "
    "publishing_to::pg_catalog.text, position, published, saved_at, announced, "
    "broadcast_position, destination, destination_since "
    "FROM _synckit.publisher");
Statement now_statement("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text");

constexpr Oid epoch_types[] = {INT8OID, INT8OID, INT4OID};
Statement epoch_statement(
    "UPDATE _synckit.publisher SET epoch = $1, system_identifier = $2, timeline = $3, "
    "announced = false RETURNING ctid",
    epoch_types);

/*
 * By place: under a snapshot that somebody holds open, a look-up would visit every version ever
 * saved. A place may hold another row by now, but not one of this epoch. And past a lock: whoever
 * has written a new cursor, or epoch, and not yet committed, must not hold up the worker.
 */
constexpr Oid save_types[] = {TIDOID,  TEXTOID, TEXTOID, INT8OID,
                              INT8OID, BOOLOID, INT8OID, INT8OID};
Statement save_statement(
    "UPDATE _synckit.publisher SET published_to = $2::pg_catalog.pg_snapshot, "
    "publishing_to = $3::pg_catalog.pg_snapshot, position = $4, published = $5, announced = $6, "
    "broadcast_position = $8, saved_at = pg_catalog.now() WHERE ctid OPERATOR(pg_catalog.=) ("
    "SELECT ctid FROM _synckit.publisher WHERE ctid OPERATOR(pg_catalog.=) $1 "
    "AND epoch OPERATOR(pg_catalog.=) $7 FOR NO KEY UPDATE SKIP LOCKED) RETURNING ctid",
    save_types);
constexpr Oid destination_types[] = {TEXTOID, TIMESTAMPTZOID};
Statement
    destination_statement("UPDATE _synckit.publisher SET destination = $1, destination_since = $2 "
                          "WHERE ctid OPERATOR(pg_catalog.=) (SELECT ctid FROM _synckit.publisher "
                          "FOR NO KEY UPDATE SKIP LOCKED) RETURNING ctid",
                          destination_types);
constexpr Oid there_types[] = {TIDOID, INT8OID};
Statement there_statement("SELECT FROM _synckit.publisher WHERE ctid OPERATOR(pg_catalog.=) $1 "
                          "AND epoch OPERATOR(pg_catalog.=) $2",
                          there_types);

int64 draw_epoch(int64 before)
{
    return Max(unix_us(GetCurrentTimestamp()), before + 1);
}

ItemPointerData returned_ctid()
{
    return *reinterpret_cast<ItemPointer>(DatumGetPointer(column(0, 1)));
}

/* A snapshot in which the transaction that takes it still runs: Postgres's own leaves it out. */
char* snapshot_with_self()
{
    now_statement.execute({}, nullptr);
    Snapshot now = parse_snapshot(TextDatumGetCString(column(0, 1)));
    uint64 self = U64FromFullTransactionId(GetTopFullTransactionId());
    if (self >= now.xmax)
        return TextDatumGetCString(column(0, 1));
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, UINT64_FORMAT ":" UINT64_FORMAT ":", Min(now.xmin, self), now.xmax);
    const char* separator = "";
    bool written = false;
    auto append = [&](uint64 xid) {
        appendStringInfo(&text, "%s" UINT64_FORMAT, separator, xid);
        separator = ",";
    };
    for (uint64 xid : now.running) {
        if (!written && self < xid) {
            append(self);
            written = true;
        }
        append(xid);
    }
    if (!written)
        append(self);
    return text.data;
}

ItemPointerData insert_cursor(int64 epoch, const char* snapshot)
{
    Datum values[] = {Int64GetDatum(epoch),
                      Int64GetDatum(static_cast<int64>(GetSystemIdentifier())),
                      Int32GetDatum(static_cast<int32>(GetWALInsertionTimeLine())),
                      CStringGetTextDatum(snapshot)};
    insert_statement.execute({}, values);
    return returned_ctid();
}

Datum xid_array(std::span<const uint64> xids)
{
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * (xids.size() + 1)));
    for (size_t i = 0; i < xids.size(); ++i)
        elements[i] = xid_datum(xids[i]);
    return PointerGetDatum(construct_array(elements, static_cast<int>(xids.size()), XID8OID, 8,
                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

ItemPointerData write_epoch(int64 epoch)
{
    Datum values[] = {Int64GetDatum(epoch),
                      Int64GetDatum(static_cast<int64>(GetSystemIdentifier())),
                      Int32GetDatum(static_cast<int32>(GetWALInsertionTimeLine()))};
    epoch_statement.execute({}, values);
    return returned_ctid();
}

bool is_there(Cursor& cursor)
{
    Datum place[] = {PointerGetDatum(&cursor.ctid), Int64GetDatum(cursor.epoch)};
    return there_statement.execute({}, place) == 1;
}

/* Whoever drops the extension has it, and has not committed. */
bool lock_cursor()
{
    Oid schema = get_namespace_oid("_synckit", true);
    Oid table = OidIsValid(schema) ? get_relname_relid("publisher", schema) : InvalidOid;
    return OidIsValid(table) && ConditionalLockRelationOid(table, RowExclusiveLock);
}

char* keep(Datum value)
{
    return MemoryContextStrdup(TopMemoryContext, TextDatumGetCString(value));
}

void forget(char*& text)
{
    if (text)
        pfree(text);
    text = nullptr;
}

} // namespace

bool Snapshot::shows(uint64 xid) const
{
    return xid < xmin || (xid < xmax && !std::ranges::binary_search(running, xid));
}

Snapshot parse_snapshot(const char* text)
{
    Snapshot snapshot;
    char* at;
    snapshot.xmin = strtou64(text, &at, 10);
    snapshot.xmax = strtou64(at + 1, &at, 10);
    ++at;
    auto* running = static_cast<uint64*>(palloc(sizeof(uint64) * (std::strlen(at) / 2 + 1)));
    size_t count = 0;
    while (*at) {
        running[count++] = strtou64(at, &at, 10);
        at += *at == ',';
    }
    snapshot.running = {running, count};
    return snapshot;
}

Datum xid_datum(uint64 xid)
{
    return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

Datum ended_between(const Snapshot& from, const Snapshot& to)
{
    auto* ended = static_cast<uint64*>(palloc(sizeof(uint64) * (from.running.size() + 1)));
    size_t count = 0;
    for (uint64 xid : from.running)
        if (to.shows(xid))
            ended[count++] = xid;
    return xid_array({ended, count});
}

void create_cursor()
{
    ForceSyncCommit(); // the epoch may be heard as soon as it can be seen
    char* snapshot = snapshot_with_self();
    as_extension_owner([&] {
        int64 before = load_statement.execute({}, nullptr) > 0 ? DatumGetInt64(column(0, 2)) : 0;
        insert_cursor(draw_epoch(before), snapshot);
    });
    note_cursor_written();
}

int64 begin_epoch()
{
    ForceSyncCommit();
    int64 epoch = 0;
    as_extension_owner([&] {
        if (load_statement.execute({}, nullptr) > 0) {
            epoch = draw_epoch(DatumGetInt64(column(0, 2)));
            write_epoch(epoch);
        }
    });
    if (epoch == 0)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("nothing was ever published from this database"),
                        errdetail("Its publisher has no cursor yet, and no epoch."),
                        errhint("See synckit_publisher_status for why.")));
    note_cursor_written();
    return epoch;
}

char* published_snapshot()
{
    MemoryContext caller = CurrentMemoryContext;
    char* snapshot = nullptr;
    as_extension_owner([&] {
        if (load_statement.execute({}, nullptr) > 0)
            snapshot = MemoryContextStrdup(caller, TextDatumGetCString(column(0, 5)));
    });
    return snapshot;
}

bool load_cursor(Cursor& cursor)
{
    forget(cursor.published_to);
    forget(cursor.publishing_to);
    forget(cursor.destination);
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    SpiSession spi;
    bool usable = true;
    if (load_statement.execute({}, nullptr) > 0) {
        bool null;
        cursor.ctid = returned_ctid();
        cursor.epoch = DatumGetInt64(column(0, 2));
        bool same_history =
            static_cast<uint64>(DatumGetInt64(column(0, 3))) == GetSystemIdentifier() &&
            static_cast<TimeLineID>(DatumGetInt32(column(0, 4))) == GetWALInsertionTimeLine();
        cursor.published_to = keep(column(0, 5));
        Datum publishing_to = column(0, 6, &null);
        cursor.publishing_to = null ? nullptr : keep(publishing_to);
        cursor.position = DatumGetInt64(column(0, 7));
        cursor.published = DatumGetInt64(column(0, 8));
        cursor.saved_at = DatumGetTimestampTz(column(0, 9));
        cursor.new_epoch = !DatumGetBool(column(0, 10));
        cursor.broadcast_position = DatumGetInt64(column(0, 11));
        Datum destination = column(0, 12, &null);
        cursor.destination = null ? nullptr : keep(destination);
        if (cursor.destination)
            cursor.destination_since = DatumGetTimestampTz(column(0, 13));
        if (!same_history) {
            cursor.epoch = draw_epoch(cursor.epoch);
            cursor.ctid = write_epoch(cursor.epoch);
            cursor.new_epoch = true;
        }
    } else if (!OidIsValid(table_oid("deltas_xid_seq_idx"))) {
        /* Rows are still to come, with numbers of transactions of another cluster. A restore makes
         * indexes after them. */
        usable = false;
    } else {
        /* A restored database: what is in its log was published elsewhere, or never was. */
        now_statement.execute({}, nullptr);
        cursor.published_to = keep(column(0, 1));
        cursor.epoch = draw_epoch(cursor.epoch);
        cursor.position = cursor.broadcast_position = cursor.published = 0;
        cursor.saved_at = GetCurrentTimestamp();
        cursor.ctid = insert_cursor(cursor.epoch, cursor.published_to);
        cursor.new_epoch = true;
    }
    spi.finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    if (usable && cursor.new_epoch)
        XLogFlush(XactLastCommitEnd);
    return usable;
}

void save_destination(Cursor& cursor, const char* destination, TimestampTz since)
{
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    SpiSession spi;
    Datum values[] = {CStringGetTextDatum(destination), TimestampTzGetDatum(since)};
    if (destination_statement.execute({}, values) == 1)
        cursor.ctid = returned_ctid();
    spi.finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    forget(cursor.destination);
    cursor.destination = MemoryContextStrdup(TopMemoryContext, destination);
    cursor.destination_since = since;
}

bool is_current(Cursor& cursor)
{
    StartTransactionCommand();
    bool current = true;
    if (lock_cursor()) {
        PushActiveSnapshot(GetTransactionSnapshot());
        SpiSession spi;
        current = is_there(cursor);
        spi.finish();
        PopActiveSnapshot();
    }
    CommitTransactionCommand();
    return current;
}

Saved save_cursor(Cursor& cursor)
{
    StartTransactionCommand();
    if (!lock_cursor()) {
        CommitTransactionCommand();
        return Saved::locked;
    }
    PushActiveSnapshot(GetTransactionSnapshot());
    SpiSession spi;
    Datum values[] = {PointerGetDatum(&cursor.ctid),
                      CStringGetTextDatum(cursor.published_to),
                      cursor.publishing_to ? CStringGetTextDatum(cursor.publishing_to) : Datum(0),
                      Int64GetDatum(cursor.position),
                      Int64GetDatum(cursor.published),
                      BoolGetDatum(!cursor.new_epoch),
                      Int64GetDatum(cursor.epoch),
                      Int64GetDatum(cursor.broadcast_position)};
    bool nulls[] = {false, false, !cursor.publishing_to, false, false, false, false, false};
    Saved saved = Saved::yes;
    if (save_statement.execute({}, values, nulls) == 1) {
        cursor.ctid = returned_ctid();
    } else {
        saved = is_there(cursor) ? Saved::locked : Saved::replaced;
    }
    at_step("saving");
    spi.finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    return saved;
}

} // namespace synckit
