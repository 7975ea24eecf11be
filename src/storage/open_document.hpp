#pragma once

#include "storage/document_rows.hpp"

namespace synckit {

/*
 * A document that is being written: its row locked, or inserted, deltas merged into it in memory,
 * and the row written back once. What the functions and the triggers have in common.
 *
 * Within SPI. Plain data and pointers into one memory context: an ereport may pass it by.
 */
struct OpenDocument {
    Datum id = 0;        // text
    TimestampTz now = 0; // taken under the lock
    DocumentRow stored;  // as locked; of a created row, its tombstone if there was one
    bool created = false;
    bool had_tombstone = false;
    NewDocumentRow inserted{}; // what the created row holds
    Document* document = nullptr;
    std::span<StateField> fields; // of the stored state, in key order
    JsonbValue* values = nullptr; // theirs
    size_t accepted = 0;

    bool is_taken() const { return stored.exists || created; }

    /* What DocumentRows has locked. */
    void take(const DocumentRow& row);
    /* Locks the row; false if there is none. */
    bool lock(DocumentRows& rows);
    /* False only if there is no row: see DocumentRows. */
    bool lock_existing(DocumentRows& rows);

    /*
     * Inserts the row as if there were no tombstone: that is the lock. Only under it the tombstone
     * may be read, and what the document was before its deletion goes on. False if a row is there
     * already. first: what the new document is made of; what is refused counts as not there.
     */
    bool create(DocumentRows& rows, std::span<const Delta* const> first, ContextMemory& memory);

    /* Unpacks what was taken. with_texts: fields carry their canonical text, which is needed where
     * stamped deltas are about. */
    void load(ContextMemory& memory, bool with_texts);

    /* The state as the document now stands: values of deltas where they won, else as stored. */
    Jsonb* build_state() const;
    NewDocumentRow new_row(bool with_state) const;

    /* Merges the delta (rules 2 to 5 of docs/merge.md). Throws what refuses it: for run_pure(). */
    Verdict* apply(const Delta& delta, ContextMemory& memory);

  private:
    void read_state(bool with_texts);
};

/* Writes what was merged into them, of each its row, or in its place the tombstone. */
void write_documents(DocumentRows& rows, std::span<OpenDocument* const> documents);
inline void write_document(DocumentRows& rows, OpenDocument& document)
{
    OpenDocument* one = &document;
    write_documents(rows, {&one, 1});
}

} // namespace synckit
