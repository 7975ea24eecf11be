#pragma once

#include <map>

#include "document/delta_id.hpp"
#include "storage/open_document.hpp"

/*
 * Rows that an INSERT or COPY into synckit.deltas has merged in memory, and whose documents are yet
 * to be written.
 *
 * A BEFORE ROW trigger must not write the document: a statement of n rows for one document would
 * leave n dead versions of it, each of which the next row has to pass. So the rows of a statement
 * are merged into documents that are kept here, locked, and all of them are written when the first
 * AFTER ROW trigger comes by; Postgres runs those when all rows are in.
 *
 * Statements nest (a trigger may insert deltas of its own): they are a stack, which falls with the
 * subtransaction that they were begun in.
 */
namespace synckit {

class PendingMerges {
  public:
    /* By the statement's BEFORE STATEMENT and AFTER STATEMENT triggers. */
    static void begin_statement();
    /* 27000 if a row was given a version and then not inserted. */
    static void end_statement();
    /* Those of the statement under way. */
    static PendingMerges& current();

    /* Where what is kept lives. */
    ContextMemory& memory() { return kept().memory; }

    /* The document, if a row of this statement is for it; null if none has been yet. */
    OpenDocument* find(std::string_view id) const;
    /* Takes a document that was locked or created; its id lives in memory(). */
    OpenDocument& add(const OpenDocument& document);

    /* The document that a delta of this id was merged into, in this statement; null if none. */
    const OpenDocument* document_of_delta(const Uuid& id) const;

    /* Whether rows that were given a version are yet to be inserted. */
    bool awaits_rows() const { return rows_to_come_ > 0; }

    /* A row of so many bytes was given a version. */
    void note_merged(const Uuid& id, const OpenDocument& document, size_t bytes);
    /* What became of it; the fingerprint is of what the merge has decided. */
    void note_filled(uint64 fingerprint) { fingerprints_ += fingerprint; }
    /* A row with a version has been inserted: the first time, the documents are written. Within
     * SPI. */
    void note_inserted(DocumentRows& rows, uint64 fingerprint);

    /* Whether so much is kept that it should be written before the statement's end, if the next
     * row is of this document (null: of one that is not open). */
    bool is_large(const OpenDocument* next) const;
    void write_all(DocumentRows& rows);

  private:
    friend void refuse_pending_merge(Datum document);

    /* What is kept between two writes, in a memory context of its own. */
    struct Kept {
        explicit Kept(MemoryContext context) : memory(context), documents(&memory), deltas(&memory)
        {
        }
        ContextMemory memory;
        std::pmr::map<std::string_view, OpenDocument> documents;
        std::pmr::map<Uuid, const OpenDocument*> deltas;
    };

    Kept& kept();

    static void register_callbacks();

    /* The innermost statement under way. */
    static PendingMerges* top;

    PendingMerges* outer_;
    int nest_level_;
    MemoryContext context_;
    Kept* kept_;
    size_t rows_to_come_;
    size_t kept_row_bytes_;
    uint64 fingerprints_; // of the rows to come, added up
};

/* 27000 if a statement under way has merged into this document and not written it yet. */
void refuse_pending_merge(Datum document);

} // namespace synckit
