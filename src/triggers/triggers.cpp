#include "triggers/triggers.hpp"

#include "document/ticks.hpp"
#include "storage/own_write.hpp"
#include "storage/rights.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace synckit {

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

bool is_replica()
{
    return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;
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

void check_restored(const Row& row)
{
    auto check = [&](const char* name, int64_t least, int64_t most) {
        auto value = static_cast<int64_t>(DatumGetInt64(row.require(name, INT8OID)));
        if (value < least || value > most)
            ereport(ERROR,
                    (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                     errmsg("%s of a restored row is out of range", name),
                     errdetail("It is " INT64_FORMAT ", not " INT64_FORMAT " to " INT64_FORMAT ".",
                               value, least, most)));
    };
    check("version", 1, max_version);
    check("lamport", 0, max_ticks);
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
    if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && may_bring_stamps()) {
        check_restored(Row(row, RelationGetDescr(trigger->tg_relation)));
        return PointerGetDatum(row);
    }
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("synckit.tombstones cannot be written directly"),
                    errdetail("A tombstone is what a deleted document goes on from."),
                    errhint("Delete the document, or write to it.")));
    pg_unreachable();
}
