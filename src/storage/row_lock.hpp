#pragma once

#include "postgres/sql.hpp"
#include "storage/key_lookup.hpp"

namespace synckit {

/*
 * What SELECT … FROM synckit.documents WHERE id = $1 FOR NO KEY UPDATE does, without the executor:
 * to start and to end it takes several times as long as to find the row and to lock it. The rules
 * are those of nodeLockRows.c and heapam_tuple_lock().
 *
 * Only for a table and a caller with whom nobody can tell the difference: else it is not usable(),
 * and the statement has to be run.
 *
 * Plain data, as a KeyLookup is. Its snapshot is the active one from here to close(), as a
 * statement's is while it runs.
 */
class RowLock {
  public:
    /* A column that is read of each row; its type may be type_of_vclock or type_of_registers. */
    struct Column {
        const char* name;
        Oid type;
    };
    static constexpr int most_columns = 8;

    template <size_t N>
    RowLock(const ExtensionObjects& extension, const Column (&columns)[N])
        : RowLock(extension, columns, N)
    {
        static_assert(N <= most_columns);
    }
    void close();

    bool usable() const { return usable_; }

    /* Waits for whoever holds it. False if no such row is to be seen, or none is left. 40001 where
     * the transaction's snapshot shows it as it was before another's change. */
    bool lock(Datum id);

    /* Of the row that was locked last, until the next is; 22004 if it is null. */
    ItemPointerData place() const { return row_->tts_tid; }
    Datum column(int at) const { return slot_column(row_, numbers_[at]); }

  private:
    RowLock(const ExtensionObjects&, const Column* columns, int count);
    bool is_plain_to(Oid role) const;
    bool find_columns(const ExtensionObjects&, const Column* columns, int count);

    KeyLookup lookup_;
    bool usable_ = false;
    int numbers_[most_columns];
    TupleTableSlot* row_ = nullptr;
};

} // namespace synckit
