#include "storage/delta_log.hpp"

#include "postgres/rows_statement.hpp"
#include "postgres/settings.hpp"
#include "storage/document_rows.hpp"
#include "storage/own_write.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/datum.h"
}

namespace synckit {

namespace {

constexpr Oid recorded_types[] = {UUIDARRAYOID};
constexpr Oid recorded_results[] = {UUIDOID, TEXTOID, INT8OID,      INT8OID,
                                    INT8OID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZOID};
Statement recorded_statement(
    "SELECT id, document_id, version, clock_value, lamport, field_path, changed_fields, "
    "\"timestamp\" FROM synckit.deltas WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
    recorded_types, recorded_results);

constexpr RowColumn log_columns[] = {
    {"id", UUIDOID},
    {"document_id", TEXTOID},
    {"client_id", TEXTOID},
    {"operation_type", TEXTOID},
    {"field_path", TEXTOID},
    {"value", JSONBOID},
    {"clock_value", INT8OID},
    {"at", TIMESTAMPTZOID},
    {"clock", type_of_vclock},
    {"seen", INT8OID},
    {"stamp", INT8OID},
    {"lamport", INT8OID},
    {"version", INT8OID},
    {"outcome", TEXTOID},
    {"changed_fields", TEXTARRAYOID},
    {"server_id", TEXTOID},
    {"seq", INT8OID},
    {"xid", XID8OID},
};
constexpr size_t log_size = std::size(log_columns);
RowsStatement log_statement(
    "INSERT INTO synckit.deltas (id, document_id, client_id, operation_type, field_path, value, "
    "clock_value, \"timestamp\", clock, seen, stamp, lamport, version, outcome, changed_fields, "
    "server_id, seq, xid) "
    "SELECT id, document_id, client_id, operation_type, field_path, value, clock_value, at, clock, "
    "seen, stamp, lamport, version, outcome, changed_fields, server_id, seq, xid FROM @written@",
    log_columns);
constexpr DecidedColumn log_decided[] = {
    {"document_id", 1, TEXTOID}, {"client_id", 2, TEXTOID}, {"operation_type", 3, TEXTOID},
    {"field_path", 4, TEXTOID},  {"value", 5, JSONBOID},    {"clock_value", 6, INT8OID},
    {"clock", 8, of_extension},  {"seen", 9, INT8OID},      {"stamp", 10, INT8OID},
    {"lamport", 11, INT8OID},    {"version", 12, INT8OID},  {"outcome", 13, TEXTOID},
    {"seq", 16, INT8OID},        {"xid", 17, XID8OID}};

struct LogRow {
    Datum values[log_size];
    bool nulls[log_size];
};

void fill(LogRow& row, const LoggedDelta& delta)
{
    const DeltaInput& input = *delta.input;
    const Verdict& verdict = *input.verdict;
    std::optional<std::string_view> server = input.server;
    if (!server && settings::server_id[0])
        server = settings::server_id;
    size_t at = 0;
    auto put = [&](Datum value, bool null = false) {
        row.values[at] = value;
        row.nulls[at++] = null;
    };
    put(PointerGetDatum(input.id->data()));
    put(delta.document);
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
    put(UInt64GetDatum(U64FromFullTransactionId(GetTopFullTransactionId())));
}

} // namespace

void throw_id_of_another_document()
{
    throw Error(sqlstate::invalid_parameter_value, "the id of the delta is taken",
                "The log holds it for another document, or where row-level security hides it.",
                "Give each delta an id of its own.");
}

uint64 DeltaLog::query(Datum ids)
{
    return recorded_statement.execute(extension_, &ids);
}

RecordedDelta* DeltaLog::recorded_at(uint64 row, Uuid& id, std::string_view& document)
{
    MemoryContext before = MemoryContextSwitchTo(context_);
    auto* recorded = static_cast<RecordedDelta*>(palloc0(sizeof(RecordedDelta)));
    bool null;
    std::memcpy(id.data(), DatumGetUUIDP(column(row, 1))->data, id.size());
    document = datum_text(PointerGetDatum(PG_DETOAST_DATUM_COPY(column(row, 2))));
    recorded->version = DatumGetInt64(column(row, 3));
    recorded->clock_value = DatumGetInt64(column(row, 4));
    recorded->lamport = DatumGetInt64(column(row, 5));
    recorded->field = datum_text(PointerGetDatum(PG_DETOAST_DATUM_COPY(column(row, 6))));
    Datum changed = column(row, 7, &null);
    recorded->changed_fields = null ? Datum(0) : datumCopy(changed, false, -1);
    recorded->timestamp = DatumGetTimestampTz(column(row, 8));
    MemoryContextSwitchTo(before);
    return recorded;
}

HeapTuple DeltaLog::pack(const LoggedDelta& delta)
{
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext passing =
        AllocSetContextCreate(caller, "synckit row of the log", ALLOCSET_SMALL_SIZES);
    MemoryContextSwitchTo(passing);
    LogRow row;
    fill(row, delta);
    TupleDesc descriptor = log_statement.describe(extension_);
    MemoryContextSwitchTo(caller);
    HeapTuple tuple = heap_form_tuple(descriptor, row.values, row.nulls);
    MemoryContextDelete(passing);
    return tuple;
}

namespace {

void write_rows(const ExtensionObjects& extension, std::span<const LogRow> filled)
{
    if (filled.empty())
        return;
    auto rows = make_array<RowValues>(filled.size());
    auto own = make_array<OwnRow>(filled.size());
    for (size_t i = 0; i < filled.size(); ++i) {
        rows[i] = {filled[i].values, filled[i].nulls};
        own[i] = {filled[i].values[0], {}, filled[i].values, filled[i].nulls};
    }
    run_own_write({"deltas", OwnWrite::Event::insert, own, log_decided}, [&] {
        return require_all_rows(log_statement.execute(extension, rows), filled.size(), "deltas");
    });
}

} // namespace

void DeltaLog::write(std::span<const LoggedDelta> deltas)
{
    auto filled = make_array<LogRow>(deltas.size());
    for (size_t i = 0; i < deltas.size(); ++i) {
        CHECK_FOR_INTERRUPTS();
        fill(filled[i], deltas[i]);
    }
    write_rows(extension_, filled);
}

void DeltaLog::write_packed(std::span<const HeapTuple> deltas)
{
    auto filled = make_array<LogRow>(deltas.size());
    TupleDesc descriptor = log_statement.describe(extension_);
    for (size_t i = 0; i < deltas.size(); ++i)
        heap_deform_tuple(deltas[i], descriptor, filled[i].values, filled[i].nulls);
    write_rows(extension_, filled);
}

} // namespace synckit
