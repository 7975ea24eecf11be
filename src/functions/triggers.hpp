#pragma once

#include "functions/own_write.hpp"

extern "C" {
#include "commands/trigger.h"
}

/* What our triggers share. */
namespace synckit {

/* 39P01 unless called as a trigger on this table of ours: what our triggers keep from one call to
 * the next must not be mixed up by others. */
TriggerData* trigger_call(FunctionCallInfo fcinfo, const char* name, const char* table);

OwnWrite::Event event_of(TriggerEvent event);

/*
 * Whether the row is the one that a function is writing just now, which has merged it already. A
 * user's BEFORE trigger has been there before us: what the function decided must still stand
 * (27000).
 */
bool pass_own_write(TriggerData* trigger);

/* The same row, once it is written: by the AFTER ROW trigger. */
bool has_passed(TriggerData* trigger);

/* session_replication_role = replica: rows come from another server, or from a restore. The setting
 * itself is asked, since ENABLE TRIGGER changes when a trigger fires. */
bool is_replica();

/* 0A000, but for a replica. */
void check_truncate(TriggerData* trigger);

} // namespace synckit
