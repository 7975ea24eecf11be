#pragma once

#include "postgres/bridge.hpp"

extern "C" {
#include "storage/itemptr.h"
#include "utils/jsonb.h"
}

#include "document/document.hpp"
#include "postgres/catalog.hpp"
#include "postgres/unix_time.hpp"

/*
 * The rows of synckit.documents and synckit.tombstones, read and written by SQL as the caller.
 * Within SPI, whose memory context must be the current one; what is returned lives in the given
 * context.
 */
namespace synckit {

/* So often a row is looked for before it counts as hidden and not as just being born and deleted by
 * others. */
inline constexpr int most_attempts = 100;

/* A document's row, or its tombstone's (exists = false), or neither (nothing set). */
struct DocumentRow {
    ItemPointerData ctid{};
    bool exists = false;
    Jsonb* state = nullptr;
    int64_t version = 0;
    Ticks lamport = 0;
    Bytes clock;
    Bytes registers;
    TimestampTz deleted_at = 0; // of a tombstone
};

/* What a row is to become. */
struct NewDocumentRow {
    Jsonb* state; // null: unchanged
    int64_t version;
    Ticks lamport;
    Bytes clock;
    Bytes registers;
    TimestampTz now;
};

struct DocumentUpdate {
    Datum id;                  // text
    const DocumentRow* stored; // locked
    NewDocumentRow row;
};

/* The tombstone of a document that would have become this row. */
inline DocumentRow tombstone_of(const NewDocumentRow& row)
{
    DocumentRow tombstone;
    tombstone.version = row.version;
    tombstone.lamport = row.lamport;
    tombstone.clock = row.clock;
    tombstone.registers = row.registers;
    tombstone.deleted_at = row.now;
    return tombstone;
}

class DocumentRows {
  public:
    DocumentRows(const ExtensionObjects& extension, MemoryContext context)
        : extension_(extension), context_(context)
    {
    }

    /* Locks the row FOR NO KEY UPDATE, so that foreign keys to it do not wait. False if there is
     * none to be seen. */
    bool lock(Datum id, DocumentRow& row);
    /*
     * Locks documents as lock() does, in this order, until one is not there: calls locked(row) for
     * each, and returns how many there were. The order is what keeps callers from waiting for each
     * other in a circle, so nothing behind the first that is missing is locked.
     */
    template <class Locked>
    size_t lock_in_order(std::span<const Datum> ids, Locked locked)
    {
        return lock_many(
            ids,
            [](const DocumentRow& row, void* context) { (*static_cast<Locked*>(context))(row); },
            &locked);
    }
    /* The same as lock(); false only if there is no row. One that policies hide is 42501, one that
     * the snapshot does not show 40001. */
    bool lock_existing(Datum id, DocumentRow& row);

    /* False if a row with this id is there, visible or not. */
    bool insert(Datum id, const NewDocumentRow& row, ItemPointerData& ctid);

    /* Takes the tombstone away, if there is one. 40001 for one that the transaction's snapshot does
     * not show, 42501 for one that a policy hides. */
    bool take_tombstone(Datum id, DocumentRow& row);

    /* Reads it without taking it away; false if there is none to be seen. */
    bool read_tombstone(Datum id, DocumentRow& row);

    /* In this order. */
    void update(std::span<const DocumentUpdate> updates);
    /* Changes the clock alone: no delta, no version. */
    void raise_clock(Datum id, const DocumentRow& row, Bytes clock);
    /* Changes the registers alone, of a document or of a tombstone. */
    void set_registers(Datum id, const DocumentRow& row, Bytes registers);
    void remove(Datum id, const ItemPointerData& ctid);
    void put_tombstone(Datum id, const DocumentRow& row);

  private:
    using LockedCallback = void (*)(const DocumentRow& row, void* context);

    size_t lock_many(std::span<const Datum> ids, LockedCallback locked, void* context);
    DocumentRow keep_row(const Datum* columns);
    Bytes keep(Datum value);
    void keep_tombstone(DocumentRow& row);

    ExtensionObjects extension_;
    MemoryContext context_;
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

/* 42501 where a policy hides a row, 27000 where a trigger keeps it from being written. */
[[noreturn]] void refuse_hidden_row(const char* table, Datum id);

/* Returns it. 27000 unless so many rows were written: they were locked, or just inserted, so only a
 * trigger can have kept one from it. */
uint64 require_all_rows(uint64 written, size_t expected, const char* table);

/* An array in the current memory context, of things that need no destructor. */
template <class T>
std::span<T> make_array(size_t count)
{
    auto* array = static_cast<T*>(palloc_extended(sizeof(T) * (count + 1), MCXT_ALLOC_HUGE));
    for (size_t i = 0; i < count; ++i)
        new (&array[i]) T();
    return {array, count};
}

/* An array of text from strings that live anywhere. */
Datum text_array(std::span<const std::string_view> texts);

} // namespace synckit
