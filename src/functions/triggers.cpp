#include "functions/triggers.hpp"

#include "functions/rights.hpp"
#include "functions/row.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/uuid.h"
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

TriggerData* trigger_call(FunctionCallInfo fcinfo, const char* name, const char* table)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("%s() must be called as a trigger", name)));
    auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
    Oid ours = get_relname_relid(table, get_namespace_oid("synckit", true));
    if (RelationGetRelid(trigger->tg_relation) != ours)
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("%s() is the trigger of synckit.%s alone", name, table),
                        errdetail("It was called for table \"%s\".",
                                  RelationGetRelationName(trigger->tg_relation))));
    return trigger;
}

OwnWrite::Event event_of(TriggerEvent event)
{
    return TRIGGER_FIRED_BY_INSERT(event)   ? OwnWrite::Event::insert
           : TRIGGER_FIRED_BY_UPDATE(event) ? OwnWrite::Event::update
                                            : OwnWrite::Event::remove;
}

bool is_replica()
{
    return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;
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

void check_truncate(TriggerData* trigger)
{
    if (is_replica())
        return;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("synckit.%s cannot be truncated",
                           RelationGetRelationName(trigger->tg_relation)),
                    errdetail("Versions would start again."),
                    errhint("DELETE keeps what documents need to go on.")));
}

} // namespace synckit

using namespace synckit;

/* Tombstones are the functions' and the documents' own; only a restore brings them as they are. */
SYNCKIT_FUNCTION(synckit_tombstones_trigger)
{
    TriggerData* trigger = trigger_call(fcinfo, "synckit_tombstones_trigger", "tombstones");
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
        check_truncate(trigger);
    if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
        return PointerGetDatum(nullptr);
    bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
    HeapTuple row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
    if (pass_own_write(trigger) || is_replica())
        return PointerGetDatum(row);
    if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && may_bring_stamps())
        return PointerGetDatum(row);
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("synckit.tombstones cannot be written directly"),
                    errdetail("A tombstone is what a deleted document goes on from."),
                    errhint("Delete the document, or write to it.")));
    pg_unreachable();
}
