/*
 * synckit_get_document(), synckit_get_clock() and synckit_merge_clock(): docs/reference.md
 * describes them.
 */
#include "functions/pending_merges.hpp"
#include "functions/raise_clock.hpp"
#include "postgres/sql.hpp"
#include "postgres/unix_time.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/datum.h"
#include "utils/timestamp.h"
}

using namespace synckit;

namespace {

constexpr Oid id_types[] = {TEXTOID};
constexpr Oid document_results[] = {TEXTOID, JSONBOID,       INT8OID,       type_of_vclock,
                                    INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID};
constexpr Oid clock_results[] = {type_of_vclock};
Statement document_statement("SELECT id, state, version, clock, lamport, created_at, updated_at "
                             "FROM synckit.documents WHERE id OPERATOR(pg_catalog.=) $1",
                             id_types, document_results);
Statement clock_statement("SELECT clock FROM synckit.documents WHERE id OPERATOR(pg_catalog.=) $1",
                          id_types, clock_results);

} // namespace

SYNCKIT_FUNCTION(synckit_get_document)
{
    require_schema();
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    Datum id = PG_GETARG_DATUM(0);
    SpiSession spi;
    if (document_statement.execute(extension_of(fcinfo), &id) > 0) {
        Datum values[7];
        bool nulls[7];
        for (int i = 0; i < 7; ++i)
            values[i] = column(0, i + 1, &nulls[i]);
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    spi.finish();
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_get_clock)
{
    require_schema();
    MemoryContext caller = CurrentMemoryContext;
    Datum id = PG_GETARG_DATUM(0);
    SpiSession spi;
    bool null = true;
    Datum clock = 0;
    if (clock_statement.execute(extension_of(fcinfo), &id) > 0)
        clock = column(0, 1, &null);
    if (!null) {
        MemoryContext before = MemoryContextSwitchTo(caller);
        clock = datumCopy(clock, false, -1);
        MemoryContextSwitchTo(before);
    }
    spi.finish();
    if (null)
        PG_RETURN_NULL();
    PG_RETURN_DATUM(clock);
}

SYNCKIT_FUNCTION(synckit_merge_clock)
{
    require_schema();
    Datum id = PG_GETARG_DATUM(0);
    Bytes given = datum_bytes(PG_GETARG_DATUM(1));
    ContextMemory memory(CurrentMemoryContext);
    DocumentRows rows(extension_of(fcinfo), CurrentMemoryContext);
    SpiSession spi;
    DocumentRow row;
    refuse_pending_merge(id);
    if (!rows.lock_existing(id, row))
        ereport(ERROR, (errcode(MAKE_SQLSTATE('S', 'K', '0', '0', '1')),
                        errmsg("document \"%s\" does not exist", TextDatumGetCString(id)),
                        errhint("A document is created by its first delta.")));
    Bytes merged;
    run_pure([&] {
        ClockView stored(row.clock), clock(given);
        check_raise(stored, clock, row.lamport, ticks_of(GetCurrentTimestamp()), memory);
        merged = clock_merge(stored, clock, memory);
    });
    if (!std::ranges::equal(merged, row.clock))
        rows.raise_clock(id, row, merged);
    spi.finish();
    PG_RETURN_DATUM(copy_value(merged));
}
