#pragma once

#include "storage/delta_input.hpp"
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
    bool with_texts = false;

    bool is_taken() const { return stored.exists || created; }

    /* What DocumentRows has locked. */
    void take(const DocumentRow& row);
    /* Locks the row; false if there is none. */
    bool lock(DocumentRows& rows);
    /* False only if there is no row: see DocumentRows. */
    bool lock_existing(DocumentRows& rows);

    /*
     * Inserts the row: that is the lock. It is what the deltas make of the tombstone that is there
     * just now, with their seq drawn, so that a trigger of the user's that writes the new document
     * finds it as it will be. Only under the lock it is certain which tombstone that is: should
     * others have created and deleted the document meanwhile, the row is to be written again, and
     * seq are drawn anew. False if a row is there already. first: all that the new document is made
     * of; what is refused counts as not there.
     */
    bool create(DocumentRows& rows, std::span<DeltaInput* const> first, ContextMemory& memory);

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

/* Draws the seq of a delta, under its document's lock, unless that was done when the document was
 * created. */
void draw_sequence(DeltaInput& delta);

/* 54000 if its text would be longer than Postgres can build. */
void check_text_of_state(const Jsonb* state);

/* Writes what was merged into them, of each its row, or in its place the tombstone. */
void write_documents(DocumentRows& rows, std::span<OpenDocument* const> documents);
inline void write_document(DocumentRows& rows, OpenDocument& document)
{
    OpenDocument* one = &document;
    write_documents(rows, {&one, 1});
}

} // namespace synckit
