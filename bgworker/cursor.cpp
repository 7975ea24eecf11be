#include "bgworker/cursor.hpp"

#include <algorithm>

#include "bgworker/wakeup.hpp"
#include "postgres/bridge.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"
}

#include "postgres/unix_time.hpp"

namespace synckit {

namespace {

constexpr Oid insert_types[] = {INT8OID, INT8OID, INT4OID, TEXTOID};
Statement insert_statement(
    "INSERT INTO _synckit.publisher (epoch, system_identifier, timeline, published_to) "
    "VALUES ($1, $2, $3, $4::pg_catalog.pg_snapshot) RETURNING ctid",
    insert_types);
Statement clear_statement("DELETE FROM _synckit.publisher");
Statement load_statement(
    "SELECT ctid, epoch, system_identifier, timeline, published_to::pg_catalog.text, "
    "publishing_to::pg_catalog.text, position, published, saved_at, announced "
    "FROM _synckit.publisher");
Statement now_statement("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text");

constexpr Oid epoch_types[] = {INT8OID, INT8OID, INT4OID};
Statement epoch_statement(
    "UPDATE _synckit.publisher SET epoch = $1, system_identifier = $2, timeline = $3, "
    "announced = false RETURNING ctid",
    epoch_types);

/* By place: under a snapshot that somebody holds open, a look-up would visit every version ever
 * saved. */
constexpr Oid save_types[] = {TIDOID, TEXTOID, TEXTOID, INT8OID, INT8OID, BOOLOID};
Statement save_statement(
    "UPDATE _synckit.publisher SET published_to = $2::pg_catalog.pg_snapshot, "
    "publishing_to = $3::pg_catalog.pg_snapshot, position = $4, published = $5, announced = $6, "
    "saved_at = pg_catalog.now() WHERE ctid OPERATOR(pg_catalog.=) $1 RETURNING ctid",
    save_types);

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
    clear_statement.execute({}, nullptr);
    Datum values[] = {Int64GetDatum(epoch),
                      Int64GetDatum(static_cast<int64>(GetSystemIdentifier())),
                      Int32GetDatum(static_cast<int32>(GetWALInsertionTimeLine())),
                      CStringGetTextDatum(snapshot)};
    insert_statement.execute({}, values);
    return returned_ctid();
}

/* _synckit is granted to nobody: the functions that may use it become its owner for that. */
template <class Body>
void as_extension_owner(Body body)
{
    Oid user, owner = installed_extension().owner;
    int context;
    GetUserIdAndSecContext(&user, &context);
    PG_TRY();
    {
        SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE |
                                          SECURITY_RESTRICTED_OPERATION);
        body();
    }
    PG_FINALLY();
    {
        SetUserIdAndSecContext(user, context);
    }
    PG_END_TRY();
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

void load_cursor(Cursor& cursor)
{
    forget(cursor.published_to);
    forget(cursor.publishing_to);
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    SpiSession spi;
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
        if (!same_history) {
            cursor.epoch = draw_epoch(cursor.epoch);
            Datum values[] = {Int64GetDatum(cursor.epoch),
                              Int64GetDatum(static_cast<int64>(GetSystemIdentifier())),
                              Int32GetDatum(static_cast<int32>(GetWALInsertionTimeLine()))};
            epoch_statement.execute({}, values);
            cursor.ctid = returned_ctid();
            cursor.new_epoch = true;
        }
    } else {
        /* A restored database: what is in its log was published elsewhere, or never was. */
        now_statement.execute({}, nullptr);
        cursor.published_to = keep(column(0, 1));
        cursor.epoch = draw_epoch(cursor.epoch);
        cursor.position = cursor.published = 0;
        cursor.saved_at = GetCurrentTimestamp();
        cursor.ctid = insert_cursor(cursor.epoch, cursor.published_to);
        cursor.new_epoch = true;
    }
    spi.finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    if (cursor.new_epoch)
        XLogFlush(XactLastCommitEnd);
}

bool save_cursor(Cursor& cursor)
{
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    SpiSession spi;
    Datum values[] = {PointerGetDatum(&cursor.ctid),
                      CStringGetTextDatum(cursor.published_to),
                      cursor.publishing_to ? CStringGetTextDatum(cursor.publishing_to) : Datum(0),
                      Int64GetDatum(cursor.position),
                      Int64GetDatum(cursor.published),
                      BoolGetDatum(!cursor.new_epoch)};
    bool nulls[] = {false, false, !cursor.publishing_to, false, false, false};
    bool saved = save_statement.execute({}, values, nulls) == 1;
    if (saved)
        cursor.ctid = returned_ctid();
    spi.finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    return saved;
}

} // namespace synckit
