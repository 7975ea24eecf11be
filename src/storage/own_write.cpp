#include "storage/own_write.hpp"

#include <algorithm>
#include <cstring>

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

[[noreturn]] void refuse_change(const OwnWrite& write, const char* column)
{
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("a trigger changed \"%s\" of a row of synckit.%s that was merged",
                           column, write.table),
                    errdetail("The row would no longer be what its deltas make of it."),
                    errhint("Change the document by a delta of the trigger's own.")));
    pg_unreachable();
}

bool is_out_of_line(Datum value)
{
    return VARATT_IS_EXTERNAL(DatumGetPointer(value));
}

bool same_value(Datum a, Datum b, bool is_by_value)
{
    if (a == b || is_by_value)
        return a == b;
    if (is_out_of_line(a) && is_out_of_line(b) &&
        std::memcmp(DatumGetPointer(a), DatumGetPointer(b), VARSIZE_EXTERNAL(DatumGetPointer(a))) ==
            0)
        return true; // the same in TOAST
    return datum_text(a) == datum_text(b);
}

void check_decided(const OwnWrite& write, const OwnRow& own, TriggerData* trigger)
{
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    bool written = TRIGGER_FIRED_AFTER(trigger->tg_event);
    auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * descriptor->natts));
    auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * descriptor->natts));
    heap_deform_tuple(written_tuple(trigger), descriptor, values, nulls);
    int number = 0;
    for (const DecidedColumn& column : write.decided) {
        int last = std::max(number, 0);
        number = column.type == of_extension
                     ? find_column(descriptor, column.name, last)
                     : column_number(descriptor, column.name, column.type, last);
        bool null = number <= 0 || nulls[number - 1];
        bool decided_null = own.nulls && own.nulls[column.at];
        Datum value = null ? Datum(0) : values[number - 1];
        if (null != decided_null)
            refuse_change(write, column.name);
        /* Once written a large value is out of line; to read it again would cost too much. */
        bool is_seen = !null && (column.is_by_value() || !written || !is_out_of_line(value));
        if (is_seen && !same_value(value, own.values[column.at], column.is_by_value()))
            refuse_change(write, column.name);
    }
    pfree(values);
    pfree(nulls);
}

/* What a statement that writes a part of a document's row does not write is to stay as it was. */
void check_rest(const OwnWrite& write, TriggerData* trigger)
{
    constexpr const char* of_merge[] = {"state", "version", "lamport", "clock", "registers"};
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    for (const char* name : of_merge) {
        if (std::ranges::any_of(write.decided, [&](const DecidedColumn& column) {
                return std::strcmp(column.name, name) == 0;
            }))
            continue;
        int number = find_column(descriptor, name);
        if (number <= 0)
            continue; // a tombstone has no state
        bool null[2];
        Datum values[] = {SPI_getbinval(trigger->tg_trigtuple, descriptor, number, &null[0]),
                          SPI_getbinval(trigger->tg_newtuple, descriptor, number, &null[1])};
        bool is_bigint = SPI_gettypeid(descriptor, number) == INT8OID;
        if (null[0] || null[1] || !same_value(values[0], values[1], is_bigint))
            refuse_change(write, name);
    }
}

void check_own(const OwnWrite& write, const OwnRow& own, TriggerData* trigger)
{
    check_decided(write, own, trigger);
    if (write.event == OwnWrite::Event::update)
        check_rest(write, trigger);
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

void require_passed(const OwnWrite& write, uint64 written)
{
    if (progress.before < written)
        ereport(ERROR,
                (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                 errmsg("a row of synckit.%s was not written as it was merged", write.table),
                 errdetail("A trigger on the table changed its key, or synckit's own trigger is "
                           "missing or disabled."),
                 errhint("SELECT * FROM synckit_schema_status() shows the latter.")));
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
    check_own(write, write.rows[at], trigger);
    progress.before = at + 1; // once: what a trigger writes meanwhile is not ours
    return true;
}

bool has_passed(TriggerData* trigger)
{
    size_t at = find_own(trigger, progress.after, progress.before);
    if (at == progress.before)
        return false;
    check_own(*progress.write, progress.write->rows[at], trigger); // triggers came after ours
    progress.after = at + 1;
    return true;
}

} // namespace synckit
