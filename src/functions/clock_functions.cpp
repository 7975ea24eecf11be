/*
 * synckit_get_clock(), synckit_merge_clock() and synckit_update_clock(): docs/reference.md
 * describes them.
 */
#include "storage/clock_raise.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "utils/datum.h"
}

using namespace synckit;

namespace {

constexpr Oid id_types[] = {TEXTOID};
constexpr Oid clock_results[] = {type_of_vclock};
Statement clock_statement("SELECT clock FROM synckit.documents WHERE id OPERATOR(pg_catalog.=) $1",
                          id_types, clock_results);

/* What both functions that raise a clock do. */
Datum raise_to(FunctionCallInfo fcinfo, Bytes given)
{
    require_schema();
    Datum id = PG_GETARG_DATUM(0);
    ContextMemory memory(CurrentMemoryContext);
    DocumentRows rows(extension_of(fcinfo), CurrentMemoryContext);
    SpiSession spi;
    DocumentRow row;
    lock_document(rows, id, row);
    Bytes clock = raise_clock(rows, id, row, given, memory);
    spi.finish();
    return copy_value(clock);
}

} // namespace

SYNCKIT_FUNCTION(synckit_get_clock)
{
    require_schema();
    MemoryContext caller = CurrentMemoryContext;
    Datum id = PG_GETARG_DATUM(0);
    bool null = true;
    Datum clock = 0;
    SpiSession spi;
    clock_statement.for_each(Access::read, extension_of(fcinfo), &id, nullptr,
                             [&](TupleTableSlot* row) {
                                 clock = slot_getattr(row, 1, &null);
                                 MemoryContext before = MemoryContextSwitchTo(caller);
                                 if (!null)
                                     clock = datumCopy(clock, false, -1);
                                 MemoryContextSwitchTo(before);
                                 return false;
                             });
    spi.finish();
    if (null)
        PG_RETURN_NULL();
    PG_RETURN_DATUM(clock);
}

SYNCKIT_FUNCTION(synckit_merge_clock)
{
    return raise_to(fcinfo, datum_bytes(PG_GETARG_DATUM(1)));
}

SYNCKIT_FUNCTION(synckit_update_clock)
{
    std::string_view client = datum_text(PG_GETARG_DATUM(1));
    ContextMemory memory(CurrentMemoryContext);
    Bytes entry;
    run_pure([&] {
        entry = clock_advance(ClockView(), ClientId::from_text(client), PG_GETARG_INT64(2), memory);
    });
    return raise_to(fcinfo, entry);
}
