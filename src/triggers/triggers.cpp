#include "triggers/triggers.hpp"

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
