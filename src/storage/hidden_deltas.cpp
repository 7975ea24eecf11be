#include "storage/hidden_deltas.hpp"

#include "postgres/bridge.hpp"
#include "postgres/catalog.hpp"
#include "storage/document_rows.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"
}

namespace synckit {

namespace {

/* The primary key as migrations make it; the table's owner may have made another. */
bool is_key_of_ids(Relation index)
{
    return index->rd_rel->relkind == RELKIND_INDEX &&
           index->rd_index->indkey.values[0] == get_attnum(index->rd_index->indrelid, "id") &&
           TupleDescAttr(RelationGetDescr(index), 0)->atttypid == UUIDOID;
}

IndexScanDesc begin_scan(Relation table, Relation index, Snapshot snapshot)
{
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, 1, 0);
#else
    return index_beginscan(table, index, snapshot, 1, 0);
#endif
}

/* By the index itself: no policy and no function of anybody's is run. */
size_t find_by_key(Relation table, Relation index, std::span<Datum> ids, Uuid* found)
{
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot* slot = table_slot_create(table, nullptr);
    IndexScanDesc scan = begin_scan(table, index, snapshot);
    size_t count = 0;
    for (Datum id : ids) {
        CHECK_FOR_INTERRUPTS();
        ScanKeyData key;
        ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, id);
        index_rescan(scan, &key, 1, nullptr, 0);
        if (index_getnext_slot(scan, ForwardScanDirection, slot))
            std::memcpy(found[count++].data(), DatumGetUUIDP(id)->data, UUID_LEN);
    }
    index_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    return count;
}

} // namespace

std::span<Uuid> recorded_under_policies(Datum ids)
{
    Oid deltas = require_table("deltas");
    if (check_enable_rls(deltas, InvalidOid, true) != RLS_ENABLED)
        return {};
    Datum* elements;
    int count;
    deconstruct_array(DatumGetArrayTypeP(ids), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements,
                      nullptr, &count);
    auto found = make_array<Uuid>(static_cast<size_t>(count));
    Relation table = table_open(deltas, AccessShareLock);
    size_t found_count = 0;
    if (Oid key = RelationGetPrimaryKeyIndex(table); OidIsValid(key)) {
        Relation index = index_open(key, AccessShareLock);
        if (is_key_of_ids(index))
            found_count = find_by_key(table, index, {elements, found.size()}, found.data());
        index_close(index, AccessShareLock);
    }
    table_close(table, AccessShareLock);
    return found.first(found_count);
}

} // namespace synckit
