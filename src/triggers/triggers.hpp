#pragma once

#include "storage/row.hpp"

#include "postgres/bridge.hpp"

extern "C" {
#include "commands/trigger.h"
}

/* What our triggers share. */
namespace synckit {

/* 39P01 unless called as a trigger on this table of ours: what our triggers keep from one call to
 * the next must not be mixed up by others. */
TriggerData* trigger_call(FunctionCallInfo fcinfo, const char* name, const char* table);

/* session_replication_role = replica: rows come from another server, or from a restore. The setting
 * itself is asked, since ENABLE TRIGGER changes when a trigger fires. */
bool is_replica();

/* 0A000, but for a replica. */
void check_truncate(TriggerData* trigger);

/* Of a restored row of documents or tombstones: 22003 if its version or lamport is one that nobody
 * could go on from. */
void check_restored(const Row& row);

} // namespace synckit
