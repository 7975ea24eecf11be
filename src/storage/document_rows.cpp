#include "storage/document_rows.hpp"

#include "storage/own_write.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

constexpr Oid lock_types[] = {TEXTOID};
constexpr Oid lock_results[] = {TIDOID,  JSONBOID,       INT8OID,
                                INT8OID, type_of_vclock, type_of_registers};
Statement
    lock_statement("SELECT ctid, state, version, lamport, clock, registers FROM synckit.documents "
                   "WHERE id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
                   lock_types, lock_results);

constexpr Oid insert_results[] = {TIDOID};
constexpr Oid insert_types[] = {TEXTOID,        JSONBOID,          INT8OID,       INT8OID,
                                type_of_vclock, type_of_registers, TIMESTAMPTZOID};
Statement
    insert_statement("INSERT INTO synckit.documents "
                     "(id, state, version, lamport, clock, registers, created_at, updated_at) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) "
                     "ON CONFLICT (id) DO NOTHING RETURNING ctid",
                     insert_types, insert_results);

constexpr Oid tombstone_types[] = {TEXTOID};
constexpr Oid take_results[] = {INT8OID, INT8OID, type_of_vclock, type_of_registers,
                                TIMESTAMPTZOID};
Statement take_statement("DELETE FROM synckit.tombstones WHERE id OPERATOR(pg_catalog.=) $1 "
                         "RETURNING version, lamport, clock, registers, deleted_at",
                         tombstone_types, take_results);

Statement read_statement("SELECT version, lamport, clock, registers, deleted_at "
                         "FROM synckit.tombstones WHERE id OPERATOR(pg_catalog.=) $1",
                         tombstone_types, take_results);

constexpr Oid put_types[] = {TEXTOID,        INT8OID,           INT8OID,
                             type_of_vclock, type_of_registers, TIMESTAMPTZOID};
Statement put_statement(
    "INSERT INTO synckit.tombstones (id, version, lamport, clock, registers, deleted_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)",
    put_types);

/* By place: the row is locked, and a look-up by key would visit every dead version under a held
 * snapshot. */
constexpr Oid update_types[] = {TIDOID,         TEXTOID,           INT8OID,       INT8OID,
                                type_of_vclock, type_of_registers, TIMESTAMPTZOID};
Statement update_statement(
    "UPDATE synckit.documents SET version = $3, lamport = $4, clock = $5, registers = $6, "
    "updated_at = $7 WHERE ctid OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) $2",
    update_types);
constexpr Oid update_state_types[] = {TIDOID,         TEXTOID,           INT8OID,        INT8OID,
                                      type_of_vclock, type_of_registers, TIMESTAMPTZOID, JSONBOID};
Statement update_state_statement(
    "UPDATE synckit.documents SET version = $3, lamport = $4, clock = $5, registers = $6, "
    "updated_at = $7, "
    "state = $8 WHERE ctid OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) $2",
    update_state_types);

constexpr Oid raise_types[] = {TIDOID, TEXTOID, type_of_vclock};
Statement
    raise_statement("UPDATE synckit.documents SET clock = $3 WHERE ctid OPERATOR(pg_catalog.=) $1 "
                    "AND id OPERATOR(pg_catalog.=) $2",
                    raise_types);

constexpr Oid set_types[] = {TIDOID, TEXTOID, type_of_registers};
Statement set_registers_statement(
    "UPDATE synckit.documents SET registers = $3 WHERE ctid OPERATOR(pg_catalog.=) $1 "
    "AND id OPERATOR(pg_catalog.=) $2",
    set_types);
Statement set_tombstone_statement(
    "UPDATE synckit.tombstones SET registers = $3 WHERE ctid OPERATOR(pg_catalog.=) $1 "
    "AND id OPERATOR(pg_catalog.=) $2",
    set_types);

constexpr Oid remove_types[] = {TIDOID, TEXTOID};
Statement remove_statement("DELETE FROM synckit.documents WHERE ctid OPERATOR(pg_catalog.=) $1 "
                           "AND id OPERATOR(pg_catalog.=) $2",
                           remove_types);

constexpr Oid recorded_types[] = {UUIDARRAYOID};
constexpr Oid recorded_results[] = {UUIDOID, TEXTOID, INT8OID,      INT8OID,
                                    INT8OID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZOID};
Statement recorded_statement(
    "SELECT id, document_id, version, clock_value, lamport, field_path, changed_fields, "
    "\"timestamp\" FROM synckit.deltas WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
    recorded_types, recorded_results);

constexpr Oid log_types[] = {UUIDOID, TEXTOID,        TEXTOID,        TEXTOID, TEXTOID, JSONBOID,
                             INT8OID, TIMESTAMPTZOID, type_of_vclock, INT8OID, INT8OID, INT8OID,
                             INT8OID, TEXTOID,        TEXTARRAYOID,   TEXTOID, INT8OID};
Statement log_statement(
    "INSERT INTO synckit.deltas (id, document_id, client_id, operation_type, field_path, value, "
    "clock_value, "
    "\"timestamp\", clock, seen, stamp, lamport, version, outcome, changed_fields, server_id, seq, "
    "xid) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
    "pg_catalog.pg_current_xact_id())",
    log_types);

/* The row was locked, or just inserted: only a trigger can have kept it from being written. */
void require_one_row(uint64 count, const char* table)
{
    if (count != 1)
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                        errmsg("a row of synckit.%s was not written", table),
                        errdetail("A trigger on the table suppressed or moved it.")));
}

ItemPointerData tid_of(Datum datum)
{
    return *static_cast<ItemPointer>(static_cast<void*>(DatumGetPointer(datum)));
}

Datum clock_datum(Bytes clock)
{
    return clock.empty() ? copy_value(ClockView().bytes()) : copy_value(clock);
}

} // namespace

Datum text_array(std::span<const std::string_view> texts)
{
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * (texts.size() + 1)));
    for (size_t i = 0; i < texts.size(); ++i)
        elements[i] = text_datum(texts[i]);
    return PointerGetDatum(construct_array(elements, static_cast<int>(texts.size()), TEXTOID, -1,
                                           false, TYPALIGN_INT));
}

bool row_exists(const char* table, Datum id)
{
    Relation relation = table_open(require_table(table), AccessShareLock);
    Oid index_oid = RelationGetPrimaryKeyIndex(relation);
    bool exists = false;
    if (OidIsValid(index_oid)) {
        Relation index = index_open(index_oid, AccessShareLock);
        Form_pg_attribute key_column = TupleDescAttr(RelationGetDescr(index), 0);
        if (key_column->atttypid == VARCHAROID || key_column->atttypid == TEXTOID) {
            ScanKeyData key;
            ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid,
                                   key_column->attcollation, F_TEXTEQ, id);
            Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
            TupleTableSlot* slot = table_slot_create(relation, nullptr);
#if PG_VERSION_NUM >= 180000
            IndexScanDesc scan = index_beginscan(relation, index, snapshot, nullptr, 1, 0);
#else
            IndexScanDesc scan = index_beginscan(relation, index, snapshot, 1, 0);
#endif
            index_rescan(scan, &key, 1, nullptr, 0);
            exists = index_getnext_slot(scan, ForwardScanDirection, slot);
            index_endscan(scan);
            ExecDropSingleTupleTableSlot(slot);
            UnregisterSnapshot(snapshot);
        }
        index_close(index, AccessShareLock);
    }
    table_close(relation, AccessShareLock);
    return exists;
}

void refuse_hidden_row(const char* table, Datum id)
{
    if (check_enable_rls(require_table(table), InvalidOid, true) == RLS_ENABLED)
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied for document \"%s\"", TextDatumGetCString(id)),
                        errdetail("A row-level security policy of synckit.%s hides it.", table)));
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("a row of synckit.%s was not written", table),
                    errdetail("A trigger on the table suppressed or moved it.")));
    pg_unreachable();
}

Bytes DocumentRows::keep(Datum value)
{
    MemoryContext before = MemoryContextSwitchTo(context_);
    auto* copy = PG_DETOAST_DATUM_COPY(value);
    MemoryContextSwitchTo(before);
    return {reinterpret_cast<uint8_t*>(VARDATA(copy)), VARSIZE(copy) - VARHDRSZ};
}

bool DocumentRows::lock(Datum id, DocumentRow& row)
{
    if (lock_statement.execute(extension_, &id) == 0)
        return false;
    row.ctid = tid_of(column(0, 1));
    row.exists = true;
    MemoryContext before = MemoryContextSwitchTo(context_);
    row.state = DatumGetJsonbPCopy(column(0, 2));
    MemoryContextSwitchTo(before);
    row.version = DatumGetInt64(column(0, 3));
    row.lamport = DatumGetInt64(column(0, 4));
    row.clock = keep(column(0, 5));
    row.registers = keep(column(0, 6));
    SPI_freetuptable(SPI_tuptable);
    return true;
}

bool DocumentRows::lock_existing(Datum id, DocumentRow& row)
{
    /* Others may create and delete it between our two looks; not for ever. */
    for (int attempt = 0; !lock(id, row); ++attempt) {
        CHECK_FOR_INTERRUPTS();
        if (!row_exists("documents", id))
            return false;
        if (IsolationUsesXactSnapshot())
            ereport(
                ERROR,
                (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                 errmsg("could not serialize access due to concurrent update"),
                 errdetail("The document was created after this transaction took its snapshot.")));
        if (attempt == most_attempts)
            refuse_hidden_row("documents", id);
    }
    return true;
}

bool DocumentRows::insert(Datum id, const NewDocumentRow& row, ItemPointerData& ctid)
{
    Datum values[] = {id,
                      JsonbPGetDatum(row.state),
                      Int64GetDatum(row.version),
                      Int64GetDatum(row.lamport),
                      clock_datum(row.clock),
                      copy_value(row.registers),
                      TimestampTzGetDatum(row.now)};
    bool inserted = false;
    const DecidedColumn decided[] = {{"state", values[1], false},
                                     {"version", values[2], true},
                                     {"lamport", values[3], true},
                                     {"clock", values[4], false},
                                     {"registers", values[5], false}};
    run_own_write({"documents", OwnWrite::Event::insert, id, row.version, decided}, [&] {
        inserted = insert_statement.execute(extension_, values) == 1;
        if (inserted)
            ctid = tid_of(column(0, 1));
    });
    SPI_freetuptable(SPI_tuptable);
    return inserted;
}

bool DocumentRows::take_tombstone(Datum id, DocumentRow& row)
{
    /*
     * The version is not known before the row is read, and the guard asks for it: whoever holds the
     * document's key holds its tombstone too, so any version is ours.
     */
    bool found = false;
    run_own_write({"tombstones", OwnWrite::Event::remove, id, any_version},
                  [&] { found = take_statement.execute(extension_, &id) == 1; });
    if (found) {
        keep_tombstone(row);
        return true;
    }
    if (!row_exists("tombstones", id))
        return false;
    if (IsolationUsesXactSnapshot())
        ereport(ERROR,
                (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                 errmsg("could not serialize access due to concurrent delete"),
                 errdetail("The document was deleted after this transaction took its snapshot.")));
    refuse_hidden_row("tombstones", id);
}

void DocumentRows::keep_tombstone(DocumentRow& row)
{
    row.version = DatumGetInt64(column(0, 1));
    row.lamport = DatumGetInt64(column(0, 2));
    row.clock = keep(column(0, 3));
    row.registers = keep(column(0, 4));
    row.deleted_at = DatumGetTimestampTz(column(0, 5));
    SPI_freetuptable(SPI_tuptable);
}

bool DocumentRows::read_tombstone(Datum id, DocumentRow& row)
{
    if (read_statement.execute(extension_, &id) == 0)
        return false;
    keep_tombstone(row);
    return true;
}

void DocumentRows::update(Datum id, const DocumentRow& stored, const NewDocumentRow& row)
{
    ItemPointerData place = stored.ctid;
    Datum values[] = {
        PointerGetDatum(&place),      id,
        Int64GetDatum(row.version),   Int64GetDatum(row.lamport),
        clock_datum(row.clock),       copy_value(row.registers),
        TimestampTzGetDatum(row.now), row.state ? JsonbPGetDatum(row.state) : Datum(0)};
    Statement& statement = row.state ? update_state_statement : update_statement;
    const DecidedColumn decided[] = {
        {"version", values[2], true},
        {"lamport", values[3], true},
        {"clock", values[4], false},
        {"registers", values[5], false},
        {"state", JsonbPGetDatum(row.state ? row.state : stored.state), false}};
    run_own_write({"documents", OwnWrite::Event::update, id, row.version, decided},
                  [&] { require_one_row(statement.execute(extension_, values), "documents"); });
}

void DocumentRows::raise_clock(Datum id, const DocumentRow& row, Bytes clock)
{
    ItemPointerData place = row.ctid;
    Datum values[] = {PointerGetDatum(&place), id, copy_value(clock)};
    const DecidedColumn decided[] = {{"state", JsonbPGetDatum(row.state), false},
                                     {"clock", values[2], false}};
    run_own_write({"documents", OwnWrite::Event::update, id, row.version, decided}, [&] {
        require_one_row(raise_statement.execute(extension_, values), "documents");
    });
}

void DocumentRows::set_registers(Datum id, const DocumentRow& row, Bytes registers)
{
    ItemPointerData place = row.ctid;
    Datum values[] = {PointerGetDatum(&place), id, copy_value(registers)};
    const char* table = row.exists ? "documents" : "tombstones";
    Statement& statement = row.exists ? set_registers_statement : set_tombstone_statement;
    const DecidedColumn decided[] = {{"registers", values[2], false}};
    run_own_write({table, OwnWrite::Event::update, id, row.version, decided},
                  [&] { require_one_row(statement.execute(extension_, values), table); });
}

void DocumentRows::remove(Datum id, const ItemPointerData& ctid, int64_t stored_version)
{
    ItemPointerData place = ctid;
    Datum values[] = {PointerGetDatum(&place), id};
    run_own_write({"documents", OwnWrite::Event::remove, id, stored_version}, [&] {
        require_one_row(remove_statement.execute(extension_, values), "documents");
    });
}

void DocumentRows::put_tombstone(Datum id, const DocumentRow& row)
{
    Datum values[] = {id,
                      Int64GetDatum(row.version),
                      Int64GetDatum(row.lamport),
                      clock_datum(row.clock),
                      copy_value(row.registers),
                      TimestampTzGetDatum(row.deleted_at)};
    const DecidedColumn decided[] = {
        {"lamport", values[2], true}, {"clock", values[3], false}, {"registers", values[4], false}};
    run_own_write({"tombstones", OwnWrite::Event::insert, id, row.version, decided}, [&] {
        require_one_row(put_statement.execute(extension_, values), "tombstones");
    });
}

uint64 DocumentRows::query_recorded(Datum ids)
{
    return recorded_statement.execute(extension_, &ids);
}

RecordedDelta* DocumentRows::recorded_at(uint64 row, Uuid& id, std::string_view& document)
{
    MemoryContext before = MemoryContextSwitchTo(context_);
    auto* recorded = static_cast<RecordedDelta*>(palloc0(sizeof(RecordedDelta)));
    bool null;
    std::memcpy(id.data(), DatumGetUUIDP(column(row, 1))->data, id.size());
    document = as_text(keep(column(row, 2)));
    recorded->version = DatumGetInt64(column(row, 3));
    recorded->clock_value = DatumGetInt64(column(row, 4));
    recorded->lamport = DatumGetInt64(column(row, 5));
    recorded->field = as_text(keep(column(row, 6)));
    Datum changed = column(row, 7, &null);
    recorded->changed_fields = null ? Datum(0) : datumCopy(changed, false, -1);
    recorded->timestamp = DatumGetTimestampTz(column(row, 8));
    MemoryContextSwitchTo(before);
    return recorded;
}

void DocumentRows::log(const DeltaInput& input, Datum document)
{
    const Verdict& verdict = *input.verdict;
    pg_uuid_t uuid;
    std::memcpy(uuid.data, input.id->data(), input.id->size());
    std::optional<std::string_view> server = input.server;
    if (!server && settings::server_id[0])
        server = settings::server_id;

    Datum values[17];
    bool nulls[17] = {};
    int at = 0;
    auto put = [&](Datum value, bool null = false) {
        values[at] = value;
        nulls[at++] = null;
    };
    put(UUIDPGetDatum(&uuid));
    put(document);
    put(text_datum(input.delta.client));
    put(text_datum(to_text(input.delta.operation)));
    put(text_datum(input.delta.field));
    put(input.value ? JsonbPGetDatum(input.value) : Datum(0), !input.value);
    put(Int64GetDatum(verdict.number));
    put(TimestampTzGetDatum(*input.timestamp));
    put(verdict.clock ? copy_value(*verdict.clock) : Datum(0), !verdict.clock);
    put(Int64GetDatum(verdict.seen.value_or(0)), !verdict.seen);
    put(Int64GetDatum(verdict.stamp));
    put(Int64GetDatum(verdict.lamport));
    put(Int64GetDatum(verdict.version));
    put(text_datum(verdict.applied ? "applied" : "superseded"));
    put(verdict.complete ? Datum(0) : text_array(verdict.changed_fields), verdict.complete);
    put(server ? text_datum(*server) : Datum(0), !server);
    put(Int64GetDatum(input.seq));
    const DecidedColumn decided[] = {
        {"document_id", values[1], false}, {"client_id", values[2], false},
        {"clock_value", values[6], true},  {"stamp", values[10], true},
        {"lamport", values[11], true},     {"version", values[12], true},
        {"seq", values[16], true}};
    run_own_write({"deltas", OwnWrite::Event::insert, UUIDPGetDatum(&uuid), 0, decided}, [&] {
        require_one_row(log_statement.execute(extension_, values, nulls), "deltas");
    });
}

} // namespace synckit
