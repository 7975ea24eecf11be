#include "storage/row_lock.hpp"

#include "storage/row.hpp"
#include "storage/row_places.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
}

namespace synckit {

RowLock::RowLock(const ExtensionObjects& extension, const Column* columns, int count)
    : lookup_("documents", TEXTOID, RowShareLock)
{
    usable_ = is_plain_to(GetUserId()) && find_columns(extension, columns, count);
    if (!usable_)
        return;
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
}

void RowLock::close()
{
    if (usable_)
        PopActiveSnapshot();
    lookup_.close();
}

/* Else it is for the executor to read more than one table, to look at policies or at the rights to
 * each column, to call those who watch it, or to raise an error. */
bool RowLock::is_plain_to(Oid role) const
{
    Relation table = lookup_.table(), index = lookup_.index();
    if (!index || !index->rd_index->indisvalid || !index->rd_index->indimmediate ||
        index->rd_index->indcheckxmin)
        return false;
    constexpr AclMode needed = ACL_SELECT | ACL_UPDATE;
    return table->rd_rel->relkind == RELKIND_RELATION && !table->rd_rel->relhassubclass &&
           !ExecutorCheckPerms_hook && !XactReadOnly && !IsInParallelMode() &&
           pg_class_aclmask(RelationGetRelid(table), role, needed, ACLMASK_ALL) == needed &&
           check_enable_rls(RelationGetRelid(table), InvalidOid, true) != RLS_ENABLED;
}

bool RowLock::find_columns(const ExtensionObjects& extension, const Column* columns, int count)
{
    TupleDesc descriptor = RelationGetDescr(lookup_.table());
    int number = 0;
    for (int i = 0; i < count; ++i) {
        number = find_column(descriptor, columns[i].name, std::max(number, 0));
        if (number <= 0)
            return false;
        require_column_type(descriptor, number, columns[i].type, extension);
        numbers_[i] = number;
    }
    return true;
}

bool RowLock::lock(Datum id)
{
    Assert(usable_);
    Snapshot snapshot = GetActiveSnapshot();
    row_ = lookup_.row_at(guess_place(datum_text(id)), id, snapshot);
    if (!row_)
        row_ = lookup_.find_row(id, snapshot);
    if (!row_)
        return false;
    ItemPointerData place = row_->tts_tid;
    uint8 flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
    if (!IsolationUsesXactSnapshot())
        flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
    TM_FailureData found;
    TM_Result result =
        table_tuple_lock(lookup_.table(), &place, snapshot, row_, GetCurrentCommandId(true),
                         LockTupleNoKeyExclusive, LockWaitBlock, flags, &found);
    if (result == TM_Ok) {
        if (!found.traversed)
            return true;
        /* The row is another version than the one that was found by its key. */
        return datum_text(lookup_.key_of(row_)) == datum_text(id);
    }
    if ((result == TM_Updated || result == TM_Deleted) && IsolationUsesXactSnapshot())
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("could not serialize access due to concurrent update")));
    if (result != TM_Deleted && result != TM_SelfModified)
        elog(ERROR, "unexpected result of table_tuple_lock: %d", static_cast<int>(result));
    return false;
}

} // namespace synckit
