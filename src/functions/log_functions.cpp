/*
 * synckit_get_deltas(), synckit_deltas_since() and synckit_deltas_unseen(): docs/reference.md
 * describes them.
 *
 * Each reads the log once, along its index by document and version, and no further than its answer
 * goes: a hole is noticed where it is come upon.
 */
#include "functions/paging.hpp"
#include "postgres/bridge.hpp"
#include "postgres/result_set.hpp"

extern "C" {
#include "utils/datum.h"
}

#include "document/unseen.hpp"
#include "postgres/sqlstates.hpp"

using namespace synckit;

namespace {

#define DELTA_COLUMNS                                                                              \
    "SELECT id, document_id, client_id, operation_type, field_path, value, clock_value, "          \
    "\"timestamp\", clock, seen, stamp, lamport, version, outcome, changed_fields, server_id "     \
    "FROM synckit.deltas WHERE document_id OPERATOR(pg_catalog.=) $1 "

constexpr Oid columns[] = {UUIDOID, TEXTOID,        TEXTOID,        TEXTOID, TEXTOID, JSONBOID,
                           INT8OID, TIMESTAMPTZOID, type_of_vclock, INT8OID, INT8OID, INT8OID,
                           INT8OID, TEXTOID,        TEXTARRAYOID,   TEXTOID};
constexpr int client_column = 3, number_column = 7, version_column = 13;

constexpr Oid newest_types[] = {TEXTOID, INT4OID};
Statement newest_statement(DELTA_COLUMNS "ORDER BY version DESC LIMIT $2", newest_types, columns);

constexpr Oid since_types[] = {TEXTOID, INT8OID, INT8OID};
Statement since_statement(DELTA_COLUMNS "AND version OPERATOR(pg_catalog.>) $2 AND "
                                        "version OPERATOR(pg_catalog.<=) $3 ORDER BY version",
                          since_types, columns, first_rows_fast);

constexpr Oid back_types[] = {TEXTOID, INT8OID};
Statement back_statement(DELTA_COLUMNS
                         "AND version OPERATOR(pg_catalog.<=) $2 ORDER BY version DESC",
                         back_types, columns, first_rows_fast);

#undef DELTA_COLUMNS

constexpr Oid id_types[] = {TEXTOID};
constexpr Oid position_results[] = {INT8OID, type_of_vclock};
Statement document_statement(
    "SELECT version, clock FROM synckit.documents WHERE id OPERATOR(pg_catalog.=) $1", id_types,
    position_results);
Statement tombstone_statement(
    "SELECT version, clock FROM synckit.tombstones WHERE id OPERATOR(pg_catalog.=) $1", id_types,
    position_results);

/* Where a document stands, or stood when it was deleted; at 0 if there never was one. */
struct Position {
    int64_t version = 0;
    Bytes clock;
};

/* Within SPI; the clock lives as long as that. */
Position position_of(const ExtensionObjects& extension, Datum document)
{
    Position position;
    MemoryContext context = CurrentMemoryContext;
    for (Statement* statement : {&document_statement, &tombstone_statement}) {
        bool found = false;
        statement->for_each(Access::read, extension, &document, nullptr, [&](TupleTableSlot* row) {
            found = true;
            position.version = DatumGetInt64(slot_column(row, 1));
            Datum clock = slot_column(row, 2);
            MemoryContext before = MemoryContextSwitchTo(context);
            position.clock = datum_bytes(datumCopy(clock, false, -1));
            MemoryContextSwitchTo(before);
            return false;
        });
        if (found)
            break;
    }
    return position;
}

[[noreturn]] void log_truncated(Datum document, const char* why)
{
    ereport(ERROR, (errcode(ERRCODE_SYNCKIT_LOG_INCOMPLETE),
                    errmsg("the log of document \"%s\" does not hold all that is asked for",
                           TextDatumGetCString(document)),
                    errdetail("%s", why),
                    errhint("Take the document itself, by synckit_get_document().")));
    pg_unreachable();
}

/* Nothing would be a dangerous answer to NULL: it says that nothing is missing. */
void require_arguments(FunctionCallInfo fcinfo, const char* second)
{
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("document_id and %s must not be null", second),
                        errdetail("They say what the caller has."),
                        errhint("Who has nothing takes the document, by synckit_get_document().")));
}

/* The unseen deltas, met from the newest back, are kept until they can be returned in order. */
class Reversal {
  public:
    Reversal() : rows_(tuplestore_begin_heap(true, false, work_mem)) {}

    void put(TupleTableSlot* row)
    {
        tuplestore_puttupleslot(rows_, row);
        ++count_;
    }
    void return_to(ReturnSetInfo* result)
    {
        TupleTableSlot* row = MakeSingleTupleTableSlot(result->setDesc, &TTSOpsMinimalTuple);
        tuplestore_skiptuples(rows_, count_ + 1, true); // to behind the last one
        while (tuplestore_gettupleslot(rows_, false, false, row)) {
            CHECK_FOR_INTERRUPTS();
            tuplestore_puttupleslot(result->setResult, row);
        }
        ExecDropSingleTupleTableSlot(row);
        tuplestore_end(rows_);
    }

  private:
    Tuplestorestate* rows_;
    int64 count_ = 0;
};

} // namespace

SYNCKIT_FUNCTION(synckit_get_deltas)
{
    check_page(fcinfo, 1, "limit");
    require_schema();
    Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
    bool nulls[] = {PG_ARGISNULL(0), PG_ARGISNULL(1)};
    return_rows(fcinfo, Access::read, newest_statement, values, nulls);
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_deltas_since)
{
    require_arguments(fcinfo, "version");
    Datum document = PG_GETARG_DATUM(0);
    int64 version = PG_GETARG_INT64(1);
    if (version < 0)
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("version out of range"),
                        errdetail("It is " INT64_FORMAT ".", version),
                        errhint("0 is the version before a document's first delta.")));
    require_schema();
    ExtensionObjects extension = extension_of(fcinfo);
    ReturnSetInfo* result = begin_result_set(fcinfo);
    SpiSession spi;
    int64 last = position_of(extension, document).version;
    if (version > last)
        log_truncated(document, psprintf("The document is at version " INT64_FORMAT
                                         ", the caller at " INT64_FORMAT ".",
                                         last, version));
    int64 at = version;
    Datum values[] = {document, Int64GetDatum(version), Int64GetDatum(last)};
    if (at < last)
        since_statement.for_each(Access::read, extension, values, nullptr,
                                 [&](TupleTableSlot* row) {
                                     if (DatumGetInt64(slot_column(row, version_column)) != at + 1)
                                         return false;
                                     ++at;
                                     tuplestore_puttupleslot(result->setResult, row);
                                     return true;
                                 });
    if (at < last)
        log_truncated(document, psprintf("Version " INT64_FORMAT " is not in the log.", at + 1));
    spi.finish();
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_deltas_unseen)
{
    require_arguments(fcinfo, "clock");
    Datum document = PG_GETARG_DATUM(0);
    Bytes seen = datum_bytes(PG_GETARG_DATUM(1));
    require_schema();
    ExtensionObjects extension = extension_of(fcinfo);
    ReturnSetInfo* result = begin_result_set(fcinfo);
    SpiSession spi;
    Position position = position_of(extension, document);
    ContextMemory memory(CurrentMemoryContext);
    UnseenWalk* walk = nullptr; // never destroyed: what it holds goes with the memory
    run_pure([&] {
        ClockView clock = position.version > 0 ? ClockView(position.clock) : ClockView();
        walk = new (memory.allocate(sizeof(UnseenWalk), alignof(UnseenWalk)))
            UnseenWalk(clock, ClockView(seen), memory);
    });
    if (!walk->done()) {
        Reversal unseen;
        int64 at = position.version;
        Datum values[] = {document, Int64GetDatum(at)};
        back_statement.for_each(Access::read, extension, values, nullptr, [&](TupleTableSlot* row) {
            if (DatumGetInt64(slot_column(row, version_column)) != at)
                return false;
            --at;
            std::string_view client = datum_text(slot_column(row, client_column));
            Counter number = DatumGetInt64(slot_column(row, number_column));
            bool is_unseen = false;
            run_pure([&] { is_unseen = walk->visit(client, number); });
            if (is_unseen)
                unseen.put(row);
            return !walk->done();
        });
        if (!walk->done() && at > 0)
            log_truncated(document, psprintf("Version " INT64_FORMAT
                                             " is not in the log, and what is unseen may be older.",
                                             at));
        unseen.return_to(result);
    }
    spi.finish();
    return Datum(0);
}
