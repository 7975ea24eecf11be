#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "access/relscan.h"
#include "executor/tuptable.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
}

namespace synckit {

/*
 * Rows of our tables, looked up by the index of their primary key itself: past the executor, so
 * that no policy and no function of anybody's is run, and whatever the transaction's snapshot
 * shows.
 *
 * Plain data: an ereport may pass it by. Else close() it.
 */
class KeyLookup {
  public:
    /* By id, of type text or uuid. The table's owner may have made another key, or none, or a
     * partitioned table: then nothing is found. */
    KeyLookup(const char* table, Oid key_type, LOCKMODE mode = AccessShareLock);
    /* A lock for reading goes with it, a stronger one stays until the transaction's end. */
    void close();

    /* Where the row is, if the snapshot shows one. */
    ItemPointerData find(Datum id, Snapshot snapshot);
    bool exists(Datum id, Snapshot snapshot)
    {
        ItemPointerData place = find(id, snapshot);
        return ItemPointerIsValid(&place);
    }
    /* The row itself, until the next look-up or clear(); null if the snapshot shows none. */
    TupleTableSlot* find_row(Datum id, Snapshot snapshot);
    /* The same for the row at this place; null if another is there, or none. */
    TupleTableSlot* row_at(ItemPointerData place, Datum id, Snapshot snapshot);
    /* The id of the row in a slot. */
    Datum key_of(TupleTableSlot* row) const;
    void clear();

    Relation table() const { return table_; }
    Relation index() const { return index_; } // null if nothing is ever found

  private:
    Oid key_type_;
    LOCKMODE mode_;
    Relation table_;
    Relation index_ = nullptr;
    TupleTableSlot* slot_ = nullptr;
};

/*
 * Whether there is a row with this id at this moment, whatever the transaction's snapshot and the
 * caller's policies show: a document must not be born twice because one of the two is not seen.
 */
bool row_exists(const char* table, Datum id);

/*
 * Waits for whoever is inserting, changing or deleting the document at this moment, as the check of
 * a unique key does (_bt_check_unique, nbtinsert.c): what comes after them is then known before the
 * row is inserted.
 */
void await_writers(Datum id);

} // namespace synckit
