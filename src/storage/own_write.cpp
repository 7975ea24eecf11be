#include "storage/own_write.hpp"

#include "storage/row.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace synckit {

namespace {

OwnWriteMark mark = {};

HeapTuple written_tuple(TriggerData* trigger)
{
    return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
                                                      : trigger->tg_trigtuple;
}

/* Whether this row is the one that a function is writing. */
bool is_own(const OwnWrite* own_write, TriggerData* trigger)
{
    const char* table = RelationGetRelationName(trigger->tg_relation);
    if (!own_write || std::strcmp(own_write->table, table) != 0 ||
        own_write->event != event_of(trigger->tg_event))
        return false;
    Row row(written_tuple(trigger), RelationGetDescr(trigger->tg_relation));
    if (std::strcmp(table, "deltas") == 0)
        return std::memcmp(DatumGetUUIDP(row.require("id", UUIDOID))->data,
                           DatumGetUUIDP(own_write->key)->data, UUID_LEN) == 0;
    return datum_text(row.require("id", TEXTOID)) == datum_text(own_write->key) &&
           (own_write->version == any_version ||
            DatumGetInt64(row.require("version", INT8OID)) == own_write->version);
}

void check_decided(const OwnWrite& own_write, HeapTuple tuple, TupleDesc descriptor)
{
    for (const DecidedColumn& column : own_write.decided) {
        bool null = true;
        int number = SPI_fnumber(descriptor, column.name);
        Datum value = number > 0 ? SPI_getbinval(tuple, descriptor, number, &null) : Datum(0);
        bool same = !null && (column.is_bigint ? value == column.value
                                               : datum_text(value) == datum_text(column.value));
        if (!same)
            ereport(ERROR,
                    (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                     errmsg("a trigger changed \"%s\" of a row of synckit.%s that was merged",
                            column.name, own_write.table),
                     errdetail("The row would no longer be what its deltas make of it."),
                     errhint("Change the document by a delta of the trigger's own.")));
    }
}

} // namespace

OwnWriteMark current_own_write()
{
    return mark;
}

void set_current_own_write(OwnWriteMark row)
{
    mark = row;
}

OwnWrite::Event event_of(TriggerEvent event)
{
    return TRIGGER_FIRED_BY_INSERT(event)   ? OwnWrite::Event::insert
           : TRIGGER_FIRED_BY_UPDATE(event) ? OwnWrite::Event::update
                                            : OwnWrite::Event::remove;
}

bool pass_own_write(TriggerData* trigger)
{
    const OwnWrite* own_write = mark.before;
    if (!is_own(own_write, trigger))
        return false;
    check_decided(*own_write, written_tuple(trigger), RelationGetDescr(trigger->tg_relation));
    mark = {nullptr, own_write}; // one row: what a trigger writes meanwhile is not ours
    return true;
}

bool has_passed(TriggerData* trigger)
{
    if (!is_own(mark.after, trigger))
        return false;
    mark = {};
    return true;
}

} // namespace synckit
