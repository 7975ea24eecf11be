#include "storage/own_write.hpp"

#include "storage/row.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace synckit {

namespace {

OwnWriteProgress progress = {};

HeapTuple written_tuple(TriggerData* trigger)
{
    return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
                                                      : trigger->tg_trigtuple;
}

/* Whether this row is the one that a function is writing. */
bool is_own(const OwnWrite& write, const OwnRow& own, TriggerData* trigger)
{
    const char* table = RelationGetRelationName(trigger->tg_relation);
    if (write.event != event_of(trigger->tg_event) || std::strcmp(write.table, table) != 0)
        return false;
    if (ItemPointerIsValid(&own.place) &&
        !ItemPointerEquals(const_cast<ItemPointer>(&own.place), &trigger->tg_trigtuple->t_self))
        return false;
    Row row(written_tuple(trigger), RelationGetDescr(trigger->tg_relation));
    if (std::strcmp(table, "deltas") == 0)
        return std::memcmp(DatumGetUUIDP(row.require("id", UUIDOID))->data,
                           DatumGetUUIDP(own.key)->data, UUID_LEN) == 0;
    return datum_text(row.require("id", TEXTOID)) == datum_text(own.key);
}

/* Where this row is among those from first on, else end. It is the first of them, unless a user's
 * trigger has kept that one from being written. */
size_t find_own(TriggerData* trigger, size_t first, size_t end)
{
    while (first < end && !is_own(*progress.write, progress.write->rows[first], trigger))
        ++first;
    return first;
}

void check_decided(const OwnWrite& write, const OwnRow& own, HeapTuple tuple, TupleDesc descriptor)
{
    for (const DecidedColumn& column : write.decided) {
        bool null = true;
        int number = column.is_bigint ? column_number(descriptor, column.name, INT8OID)
                                      : find_column(descriptor, column.name);
        Datum decided = own.values[column.at];
        Datum value = number > 0 ? SPI_getbinval(tuple, descriptor, number, &null) : Datum(0);
        bool same = !null && (column.is_bigint ? value == decided
                                               : datum_text(value) == datum_text(decided));
        if (!same)
            ereport(ERROR,
                    (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                     errmsg("a trigger changed \"%s\" of a row of synckit.%s that was merged",
                            column.name, write.table),
                     errdetail("The row would no longer be what its deltas make of it."),
                     errhint("Change the document by a delta of the trigger's own.")));
    }
}

} // namespace

OwnWriteProgress current_own_write()
{
    return progress;
}

void set_current_own_write(OwnWriteProgress current)
{
    progress = current;
}

OwnWrite::Event event_of(TriggerEvent event)
{
    return TRIGGER_FIRED_BY_INSERT(event)   ? OwnWrite::Event::insert
           : TRIGGER_FIRED_BY_UPDATE(event) ? OwnWrite::Event::update
                                            : OwnWrite::Event::remove;
}

bool pass_own_write(TriggerData* trigger)
{
    if (!progress.write)
        return false;
    const OwnWrite& write = *progress.write;
    size_t at = find_own(trigger, progress.before, write.rows.size());
    if (at == write.rows.size())
        return false;
    check_decided(write, write.rows[at], written_tuple(trigger),
                  RelationGetDescr(trigger->tg_relation));
    progress.before = at + 1; // once: what a trigger writes meanwhile is not ours
    return true;
}

bool has_passed(TriggerData* trigger)
{
    size_t at = find_own(trigger, progress.after, progress.before);
    if (at == progress.before)
        return false;
    progress.after = at + 1;
    return true;
}

} // namespace synckit
