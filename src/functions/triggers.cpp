/*
 * The triggers on synckit.documents, synckit.deltas and synckit.tombstones: what the functions
 * write passes; writes by hand are refused, since they would be stored unmerged.
 */
#include "functions/own_write.hpp"

#include "postgres/bridge.hpp"

extern "C" {
#include "commands/trigger.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
}

namespace synckit {

namespace {

const OwnWrite* own_write = nullptr;

/* Of any table that somebody has put the trigger on. */
Datum required_column(HeapTuple tuple, TupleDesc descriptor, const char* name, Oid type)
{
    int number = SPI_fnumber(descriptor, name);
    Oid found = number > 0 ? SPI_gettypeid(descriptor, number) : InvalidOid;
    if (found != type && !(type == TEXTOID && found == VARCHAROID))
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH),
                 errmsg("there is no column \"%s\" of type %s", name, format_type_be(type))));
    bool null = true;
    Datum value = SPI_getbinval(tuple, descriptor, number, &null);
    if (null)
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("column \"%s\" must not be null", name)));
    return value;
}

OwnWrite::Event event_of(TriggerEvent event)
{
    return TRIGGER_FIRED_BY_INSERT(event)   ? OwnWrite::Event::insert
           : TRIGGER_FIRED_BY_UPDATE(event) ? OwnWrite::Event::update
                                            : OwnWrite::Event::remove;
}

/* Whether this row is the one that a function is writing. */
bool is_own(const char* table, TriggerEvent event, HeapTuple tuple, TupleDesc descriptor)
{
    if (!own_write || std::strcmp(own_write->table, table) != 0 ||
        own_write->event != event_of(event))
        return false;
    bool is_delta = std::strcmp(table, "deltas") == 0;
    Datum id = required_column(tuple, descriptor, "id", is_delta ? UUIDOID : TEXTOID);
    if (is_delta)
        return std::memcmp(DatumGetUUIDP(id)->data, DatumGetUUIDP(own_write->key)->data,
                           UUID_LEN) == 0;
    return datum_text(id) == datum_text(own_write->key) &&
           (own_write->version == any_version ||
            DatumGetInt64(required_column(tuple, descriptor, "version", INT8OID)) ==
                own_write->version);
}

/* A user's BEFORE trigger has been there before us: what the function decided must still stand. */
void check_decided(const char* table, HeapTuple tuple, TupleDesc descriptor)
{
    for (const DecidedColumn& column : own_write->decided) {
        bool null = true;
        int number = SPI_fnumber(descriptor, column.name);
        Datum value = number > 0 ? SPI_getbinval(tuple, descriptor, number, &null) : Datum(0);
        bool same = !null && (column.is_bigint ? value == column.value
                                               : datum_text(value) == datum_text(column.value));
        if (!same)
            ereport(ERROR,
                    (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                     errmsg("a trigger changed \"%s\" of a row of synckit.%s that was merged",
                            column.name, table),
                     errdetail("The row would no longer be what its deltas make of it."),
                     errhint("Change the document by a delta of the trigger's own.")));
    }
}

[[noreturn]] void refuse(const char* table, const char* hint)
{
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("synckit.%s cannot be written directly", table),
             errdetail("The write would be stored without being merged."), errhint("%s", hint)));
    pg_unreachable();
}

} // namespace

const OwnWrite* current_own_write()
{
    return own_write;
}

void set_current_own_write(const OwnWrite* row)
{
    own_write = row;
}

} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(synckit_guard_trigger)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("synckit_guard_trigger() must be called as a trigger")));
    auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
    const char* table = RelationGetRelationName(trigger->tg_relation);
    constexpr const char* use_functions = "Use synckit_apply_delta() or synckit_apply_deltas().";
    if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event)) {
        if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
            refuse(table, "DELETE keeps what is needed to go on; TRUNCATE would not.");
        refuse(table, use_functions);
    }
    HeapTuple row =
        TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    if (!is_own(table, trigger->tg_event, row, descriptor))
        refuse(table, use_functions);
    check_decided(table, row, descriptor);
    own_write = nullptr; // one row: what an AFTER trigger writes is not ours
    return PointerGetDatum(row);
}
