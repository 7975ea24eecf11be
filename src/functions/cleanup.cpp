/*
 * synckit_cleanup(): what is past its time goes. One call is one transaction; with a limit it is
 * called again until nothing is left.
 */
#include "bgworker/feed/broadcasts.hpp"
#include "bgworker/feed/cursor.hpp"
#include "bgworker/process/shared.hpp"
#include "storage/document_rows.hpp"
#include "storage/rights.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"
#include "postgres/unix_time.hpp"

#include "postgres/result_set.hpp"
extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

using namespace synckit;

namespace {

/* Rows that are looked at, or deleted, in one go. */
constexpr long chunk = 1000;

constexpr Oid sessions_types[] = {TIMESTAMPTZOID, INT8OID};
Statement delete_sessions_statement(
    "DELETE FROM synckit.sessions WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY("
    "SELECT id FROM synckit.sessions WHERE last_seen OPERATOR(pg_catalog.<) $1 "
    "LIMIT $2 FOR UPDATE SKIP LOCKED))",
    sessions_types);

/*
 * The log in the order of arrival. A row is published if the cursor's snapshot shows it, and
 * foreign, which counts as published, if its xid is none of this cluster's: null or of the future.
 */
constexpr Oid log_types[] = {TEXTOID};
constexpr Oid log_results[] = {TIDOID, INT8OID, BOOLOID};
Statement own_log_statement("SELECT ctid, lamport, $1 IS NULL "
                            "OR pg_catalog.pg_visible_in_snapshot(xid, $1::pg_catalog.pg_snapshot) "
                            "FROM synckit.deltas "
                            "WHERE xid OPERATOR(pg_catalog.<) "
                            "pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) "
                            "ORDER BY xid, seq",
                            log_types, log_results);
Statement restored_log_statement("SELECT ctid, lamport, $1 IS NULL OR true FROM synckit.deltas "
                                 "WHERE xid IS NULL ORDER BY seq",
                                 log_types, log_results);
Statement future_log_statement("SELECT ctid, lamport, $1 IS NULL OR true FROM synckit.deltas "
                               "WHERE xid OPERATOR(pg_catalog.>=) "
                               "pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) "
                               "ORDER BY xid, seq",
                               log_types, log_results);

constexpr Oid delete_types[] = {TIDARRAYOID};
Statement
    delete_deltas_statement("DELETE FROM synckit.deltas WHERE ctid OPERATOR(pg_catalog.=) ANY ($1)",
                            delete_types);

constexpr Oid backlog_types[] = {TEXTOID, INT8OID};
Statement backlog_statement(
    "SELECT pg_catalog.count(*) FROM (SELECT FROM synckit.deltas "
    "WHERE xid OPERATOR(pg_catalog.>=) pg_catalog.pg_snapshot_xmin($1::pg_catalog.pg_snapshot) "
    "AND xid OPERATOR(pg_catalog.<) pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) "
    "AND NOT pg_catalog.pg_visible_in_snapshot(xid, $1::pg_catalog.pg_snapshot) LIMIT $2) b",
    backlog_types);

constexpr Oid registers_results[] = {TIDOID, TEXTOID, INT8OID, type_of_registers};
Statement documents_statement = Statement::returning(
    "SELECT ctid, id, version, registers FROM synckit.documents", registers_results);
Statement tombstones_statement = Statement::returning(
    "SELECT ctid, id, version, registers FROM synckit.tombstones", registers_results);
constexpr Oid place_types[] = {TIDOID};
Statement
    lock_document_statement("SELECT ctid, id, version, registers FROM synckit.documents "
                            "WHERE ctid OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE SKIP LOCKED",
                            place_types, registers_results);
Statement lock_tombstone_statement("SELECT ctid, id, version, registers FROM synckit.tombstones "
                                   "WHERE ctid OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED",
                                   place_types, registers_results);

struct Counts {
    int64 sessions = 0;
    int64 deltas = 0;
    int64 tombstones = 0;
};

class Cleanup {
  public:
    Cleanup(const ExtensionObjects& extension, int64 limit)
        : extension_(extension), limit_(limit), now_(GetCurrentTimestamp())
    {
    }

    Counts counts;

    void delete_sessions(double hours);
    void delete_deltas(double days);
    void drop_field_tombstones(double days);

  private:
    static constexpr double us_an_hour = 3600e6;

    TimestampTz before(double hours) const
    {
        return now_ - static_cast<TimestampTz>(hours * us_an_hour);
    }
    char* unpublished_from() const;
    void delete_from_log(Statement& log, const char* published, Ticks before);
    void delete_rows(std::span<const ItemPointerData> rows);
    void drop_in(Statement& table, Statement& lock, bool of_documents, Ticks before);
    void drop_of(Statement& lock, const ItemPointerData& place, bool of_document, Ticks before);

    ExtensionObjects extension_;
    int64 limit_;
    TimestampTz now_;
};

void Cleanup::delete_sessions(double hours)
{
    Datum values[] = {TimestampTzGetDatum(before(hours)), Int64GetDatum(limit_)};
    counts.sessions = static_cast<int64>(delete_sessions_statement.execute(extension_, values));
}

/*
 * Whether deltas wait for somebody to publish them. The publisher's word counts, too: a session
 * that began before ALTER DATABASE … SET synckit.redis_url does not know of it.
 */
bool is_published_from_here()
{
    if (!shared_state())
        return false;
    DatabaseSlot* slot = find_slot(MyDatabaseId);
    return settings::redis_url[0] != '\0' || !slot || state_of(*slot) != WorkerState::unconfigured;
}

/*
 * The snapshot up to which deltas are published, or null if all of them may go: because there is no
 * publisher to wait for, or because so many wait that they are given up.
 */
char* Cleanup::unpublished_from() const
{
    if (!is_published_from_here())
        return nullptr;
    char* published = published_snapshot();
    if (!published)
        return nullptr;
    Datum values[] = {CStringGetTextDatum(published),
                      Int64GetDatum(int64{settings::max_backlog} + 1)};
    backlog_statement.execute(extension_, values);
    if (DatumGetInt64(column(0, 1)) <= settings::max_backlog)
        return published;
    create_cursor();
    ereport(LOG, (errmsg("synckit: gave up more than %d unpublished deltas", settings::max_backlog),
                  errdetail("A new epoch has begun, which tells every receiver to read again."),
                  errhint("See synckit_publisher_status for why they were not published, and "
                          "synckit.max_backlog.")));
    return nullptr;
}

void Cleanup::delete_deltas(double days)
{
    const char* published = unpublished_from();
    Ticks limit = ticks_of(before(days * 24));
    delete_from_log(own_log_statement, published, limit);
    delete_from_log(restored_log_statement, published, limit);
    delete_from_log(future_log_statement, published, limit);
    delete_old_broadcasts(published, before(days * 24));
}

/*
 * Arrival order is nearly the order of lamport, so the old rows stand in front: once a whole chunk
 * holds none, there are no more. (A document whose lamport runs ahead keeps its rows for longer.)
 */
void Cleanup::delete_from_log(Statement& log, const char* published, Ticks before)
{
    Datum value = published ? CStringGetTextDatum(published) : Datum(0);
    bool null = !published;
    Portal portal = log.open(extension_, &value, &null);
    ItemPointerData old[chunk];
    for (bool found = true; found && counts.deltas < limit_;) {
        CHECK_FOR_INTERRUPTS();
        log.fetch(extension_, portal, chunk);
        size_t count = 0;
        found = false;
        for (uint64 row = 0; row < SPI_processed; ++row) {
            if (DatumGetInt64(column(row, 2)) >= before)
                continue;
            found = true;
            bool is_published = DatumGetBool(column(row, 3));
            if (is_published && counts.deltas + static_cast<int64>(count) < limit_)
                old[count++] = *reinterpret_cast<ItemPointer>(DatumGetPointer(column(row, 1)));
        }
        SPI_freetuptable(SPI_tuptable);
        delete_rows({old, count});
    }
    SPI_cursor_close(portal);
}

void Cleanup::delete_rows(std::span<const ItemPointerData> rows)
{
    if (rows.empty())
        return;
    Datum elements[chunk];
    for (size_t i = 0; i < rows.size(); ++i)
        elements[i] = PointerGetDatum(&rows[i]);
    Datum array = PointerGetDatum(construct_array(elements, static_cast<int>(rows.size()), TIDOID,
                                                  sizeof(ItemPointerData), false, TYPALIGN_SHORT));
    counts.deltas += static_cast<int64>(delete_deltas_statement.execute(extension_, &array));
    pfree(DatumGetPointer(array));
}

void Cleanup::drop_field_tombstones(double days)
{
    Ticks limit = ticks_of(before(days * 24));
    drop_in(documents_statement, lock_document_statement, true, limit);
    drop_in(tombstones_statement, lock_tombstone_statement, false, limit);
}

bool has_old_tombstone(Bytes bytes, Ticks before)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "synckit registers", ALLOCSET_DEFAULT_SIZES);
    ContextMemory memory(context);
    bool found = false;
    run_pure([&] {
        Registers registers = decode_registers(bytes, memory);
        found = std::ranges::any_of(registers.tombstones, [&](const Tombstone& tombstone) {
            return registers.writes[tombstone.write].stamp < before;
        });
    });
    MemoryContextDelete(context);
    return found;
}

/* Without an index: it is asked for seldom, and only by who has asked for it at all. */
void Cleanup::drop_in(Statement& table, Statement& lock, bool of_documents, Ticks before)
{
    Portal portal = table.open(extension_, nullptr, nullptr);
    ItemPointerData old[chunk];
    for (uint64 read = chunk; read == chunk && counts.tombstones < limit_;) {
        CHECK_FOR_INTERRUPTS();
        table.fetch(extension_, portal, chunk);
        read = SPI_processed;
        size_t count = 0;
        for (uint64 row = 0; row < read; ++row)
            if (has_old_tombstone(datum_bytes(column(row, 4)), before))
                old[count++] = *reinterpret_cast<ItemPointer>(DatumGetPointer(column(row, 1)));
        SPI_freetuptable(SPI_tuptable);
        for (size_t i = 0; i < count && counts.tombstones < limit_; ++i)
            drop_of(lock, old[i], of_documents, before);
    }
    SPI_cursor_close(portal);
}

/* Skips a row that is locked: its writer is not to wait, and we come again. */
void Cleanup::drop_of(Statement& lock, const ItemPointerData& place, bool of_document, Ticks before)
{
    ItemPointerData ctid = place;
    Datum value = PointerGetDatum(&ctid);
    if (lock.execute(extension_, &value) == 0)
        return;
    DocumentRow row;
    row.exists = of_document;
    row.ctid = *reinterpret_cast<ItemPointer>(DatumGetPointer(column(0, 1)));
    Datum id = PointerGetDatum(PG_DETOAST_DATUM_COPY(column(0, 2)));
    row.version = DatumGetInt64(column(0, 3));
    row.registers = datum_bytes(PointerGetDatum(PG_DETOAST_DATUM_COPY(column(0, 4))));
    SPI_freetuptable(SPI_tuptable);
    ContextMemory memory(CurrentMemoryContext);
    size_t dropped = 0;
    Bytes left;
    run_pure([&] {
        Registers registers = decode_registers(row.registers, memory);
        dropped = drop_tombstones(registers, before);
        left = encode_registers(registers, memory);
    });
    if (dropped == 0)
        return;
    DocumentRows(extension_, CurrentMemoryContext).set_registers(id, row, left);
    counts.tombstones += static_cast<int64>(dropped);
}

/* Null: nothing of the kind is cleaned up. */
std::optional<double> age_argument(FunctionCallInfo fcinfo, int i, const char* name)
{
    if (PG_ARGISNULL(i))
        return std::nullopt;
    int64 age = PG_GETARG_INT32(i);
    if (age < 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be negative", name),
                 errhint("Pass null to leave them alone.")));
    return static_cast<double>(age);
}

} // namespace

SYNCKIT_FUNCTION(synckit_cleanup)
{
    require_schema();
    TupleDesc descriptor = result_row_type(fcinfo);
    std::optional<double> session_hours = age_argument(fcinfo, 0, "old_sessions_hours");
    std::optional<double> delta_days = age_argument(fcinfo, 1, "old_deltas_days");
    std::optional<double> tombstone_days = age_argument(fcinfo, 2, "old_tombstones_days");
    int64 limit = PG_ARGISNULL(3) ? PG_INT64_MAX : PG_GETARG_INT64(3);
    if (limit < 1)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("limit must be at least 1")));
    if (!is_owner(require_table("deltas")))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("must be owner of synckit's tables to clean them up"),
                        errhint("Become a member of the role that owns them.")));

    Cleanup cleanup(extension_of(fcinfo), limit);
    SpiSession spi;
    if (session_hours)
        cleanup.delete_sessions(*session_hours);
    if (delta_days)
        cleanup.delete_deltas(*delta_days);
    if (tombstone_days)
        cleanup.drop_field_tombstones(*tombstone_days);
    spi.finish();
    Datum values[] = {Int64GetDatum(cleanup.counts.sessions), Int64GetDatum(cleanup.counts.deltas),
                      Int64GetDatum(cleanup.counts.tombstones)};
    bool nulls[3] = {};
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}
