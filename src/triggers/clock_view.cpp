/*
 * The INSTEAD OF trigger of view synckit.vector_clocks: to write an entry is to raise it.
 */
#include "storage/clock_raise.hpp"
#include "storage/row.hpp"
#include "triggers/triggers.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "utils/rel.h"
}

using namespace synckit;

namespace {

constexpr Oid id_types[] = {TEXTOID};
constexpr Oid updated_results[] = {TIMESTAMPTZOID};
Statement
    updated_statement("SELECT updated_at FROM synckit.documents WHERE id OPERATOR(pg_catalog.=) $1",
                      id_types, updated_results);

/* An UPDATE raises an entry, it does not move it to another document or client. */
void check_same(const Row& before, const Row& after, const char* name)
{
    if (before.text(name) != after.text(name))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("\"%s\" of a clock's entry cannot be changed", name),
                        errdetail("An entry stays with its document and its client."),
                        errhint("INSERT the other entry.")));
}

[[noreturn]] void refuse_lower(std::string_view client, Counter stored, Counter given)
{
    throw Error(sqlstate::invalid_parameter_value, "an entry of a clock cannot be lowered",
                "The entry of client \"" + std::string(client) + "\" is " + std::to_string(stored) +
                    ", not " + std::to_string(given) + " or less.",
                "synckit_update_clock() leaves an entry that is greater already.");
}

Datum updated_at(const ExtensionObjects& extension, Datum id)
{
    if (updated_statement.execute(extension, &id) != 1)
        refuse_hidden_row("documents", id);
    return column(0, 1);
}

} // namespace

SYNCKIT_FUNCTION(synckit_vector_clocks_trigger)
{
    TriggerData* trigger = trigger_call(fcinfo, "synckit_vector_clocks_trigger", "vector_clocks");
    TriggerEvent event = trigger->tg_event;
    if (!TRIGGER_FIRED_INSTEAD(event) || !TRIGGER_FIRED_FOR_ROW(event))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("synckit_vector_clocks_trigger() must be fired INSTEAD OF, for each "
                               "row")));
    if (TRIGGER_FIRED_BY_DELETE(event))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("entries of synckit.vector_clocks cannot be deleted"),
                        errdetail("The clock of a document only grows."),
                        errhint("It goes when the document is deleted.")));
    TupleDesc shape = RelationGetDescr(trigger->tg_relation);
    bool is_update = TRIGGER_FIRED_BY_UPDATE(event);
    Row row(is_update ? trigger->tg_newtuple : trigger->tg_trigtuple, shape);
    if (is_update) {
        check_same(Row(trigger->tg_trigtuple, shape), row, "document_id");
        check_same(Row(trigger->tg_trigtuple, shape), row, "client_id");
    }
    Datum id = row.require("document_id", TEXTOID);
    std::string_view client = datum_text(row.require("client_id", TEXTOID));
    Counter value = DatumGetInt64(row.require("clock_value", INT8OID));

    require_schema();
    ExtensionObjects extension = extension_of(fcinfo);
    MemoryContext caller = CurrentMemoryContext;
    ContextMemory memory(caller);
    Bytes entry;
    run_pure([&] {
        if (value < 1)
            throw Error(sqlstate::numeric_value_out_of_range, "clock value out of range",
                        "It is " + std::to_string(value) + "; an entry has 1 at least.",
                        "What a clock has no entry of counts as 0.");
        entry = clock_advance(ClockView(), ClientId::from_text(client), value, memory);
    });
    DocumentRows rows(extension, caller);
    DocumentRow document;
    SpiSession spi;
    lock_document(rows, id, document);
    run_pure([&] {
        Counter stored = clock_get(ClockView(document.clock), ClientId::from_text(client));
        if (value < stored)
            refuse_lower(client, stored, value);
    });
    raise_clock(rows, id, document, entry, memory);
    Datum updated = updated_at(extension, id);
    spi.finish();

    /* The row as the view shows it, for RETURNING. */
    RowChange change(shape);
    change.set("updated_at", TIMESTAMPTZOID, updated);
    return PointerGetDatum(change.apply(row.tuple()));
}
