#include "storage/key_lookup.hpp"

#include "postgres/bridge.hpp"
#include "postgres/catalog.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace synckit {

namespace {

/* As migrations make it. */
bool is_key_of_ids(Relation index, Oid type)
{
    Oid found = TupleDescAttr(RelationGetDescr(index), 0)->atttypid;
    return index->rd_rel->relkind == RELKIND_INDEX &&
           index->rd_index->indkey.values[0] == get_attnum(index->rd_index->indrelid, "id") &&
           (found == type || (type == TEXTOID && found == VARCHAROID));
}

IndexScanDesc begin_scan(Relation table, Relation index, Snapshot snapshot)
{
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, 1, 0);
#else
    return index_beginscan(table, index, snapshot, 1, 0);
#endif
}

} // namespace

KeyLookup::KeyLookup(const char* table, Oid key_type, LOCKMODE mode)
    : key_type_(key_type), mode_(mode), table_(table_open(require_table(table), mode))
{
    Oid key = RelationGetPrimaryKeyIndex(table_);
    if (!OidIsValid(key))
        return;
    index_ = index_open(key, AccessShareLock);
    if (is_key_of_ids(index_, key_type)) {
        slot_ = table_slot_create(table_, nullptr);
        return;
    }
    index_close(index_, AccessShareLock);
    index_ = nullptr;
}

void KeyLookup::close()
{
    if (index_) {
        ExecDropSingleTupleTableSlot(slot_);
        index_close(index_, AccessShareLock);
    }
    table_close(table_, mode_ == AccessShareLock ? mode_ : NoLock);
}

ItemPointerData KeyLookup::find(Datum id, Snapshot snapshot)
{
    ItemPointerData place{};
    if (TupleTableSlot* row = find_row(id, snapshot)) {
        place = row->tts_tid;
        clear();
    }
    return place;
}

TupleTableSlot* KeyLookup::find_row(Datum id, Snapshot snapshot)
{
    if (!index_)
        return nullptr;
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid,
                           TupleDescAttr(RelationGetDescr(index_), 0)->attcollation,
                           key_type_ == UUIDOID ? F_UUID_EQ : F_TEXTEQ, id);
    IndexScanDesc scan = begin_scan(table_, index_, snapshot);
    index_rescan(scan, &key, 1, nullptr, 0);
    bool found = index_getnext_slot(scan, ForwardScanDirection, slot_);
    index_endscan(scan);
    return found ? slot_ : nullptr;
}

Datum KeyLookup::key_of(TupleTableSlot* row) const
{
    bool null; // never, of a primary key
    return slot_getattr(row, index_->rd_index->indkey.values[0], &null);
}

TupleTableSlot* KeyLookup::row_at(ItemPointerData place, Datum id, Snapshot snapshot)
{
    if (!index_ || key_type_ != TEXTOID || !ItemPointerIsValid(&place) ||
        ItemPointerGetBlockNumber(&place) >= RelationGetNumberOfBlocks(table_))
        return nullptr;
    bool found = table_tuple_fetch_row_version(table_, &place, snapshot, slot_) &&
                 datum_text(key_of(slot_)) == datum_text(id);
    return found ? slot_ : nullptr;
}

void KeyLookup::clear()
{
    ExecClearTuple(slot_);
}

bool row_exists(const char* table, Datum id)
{
    KeyLookup lookup(table, TEXTOID);
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    bool exists = lookup.exists(id, snapshot);
    UnregisterSnapshot(snapshot);
    lookup.close();
    return exists;
}

void await_writers(Datum id)
{
    KeyLookup lookup("documents", TEXTOID);
    for (;;) {
        SnapshotData dirty;
        InitDirtySnapshot(dirty);
        ItemPointerData place = lookup.find(id, &dirty);
        TransactionId writer = TransactionIdIsValid(dirty.xmin) ? dirty.xmin : dirty.xmax;
        if (!ItemPointerIsValid(&place) || !TransactionIdIsValid(writer))
            break;
        if (dirty.speculativeToken)
            SpeculativeInsertionWait(dirty.xmin, dirty.speculativeToken);
        else
            XactLockTableWait(writer, lookup.table(), &place, XLTW_InsertIndex);
    }
    lookup.close();
}

} // namespace synckit
