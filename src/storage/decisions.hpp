#pragma once

#include "storage/open_document.hpp"
#include "storage/own_write.hpp"
#include "storage/row.hpp"

/*
 * What the BEFORE ROW trigger of synckit.documents has decided, for AFTER ROW to log.
 *
 * Not all that is decided happens: ON CONFLICT and triggers keep rows out, and errors end
 * statements half way. So a decision is found by what the row became, not by the document alone,
 * and it goes with the statement that it was made for.
 */
namespace synckit {

struct Decision {
    MemoryContext context = nullptr; // of it and all that is in it: the statement's, so to be freed
    Datum id = 0;                    // text
    bool had_tombstone = false;      // before the row was inserted; its version
    int64_t tombstone_version = 0;
    std::span<HeapTuple> deltas; // rows for the log; none: nothing is logged
    DocumentRow tombstone;       // of a deletion: to be left behind
};

/* An empty one. In a trigger, before anything else switches memory contexts. */
Decision* new_decision();

/* After it has been taken out. */
void free_decision(Decision* decision);

/* Leaves it for the AFTER ROW trigger of that row: NEW, or of a deletion OLD. */
void keep_decision(OwnWrite::Event event, const Row& row, const ExtensionObjects& extension,
                   Decision* decision);

/* For a row of which nothing is to be logged: so that it is not mistaken for another of the same
 * document and version that awaits its AFTER ROW trigger. */
void keep_nothing(OwnWrite::Event event, const Row& row, const ExtensionObjects& extension);

/* Takes out what was decided of the row; null if nothing was. 27000 if the row is not what it was
 * when that was decided. */
Decision* take_decision(OwnWrite::Event event, const Row& row, const ExtensionObjects& extension);

/* A function deletes the document: what was decided of its deletion did not happen. */
void forget_deletion(std::string_view id);

/* 27000 if a statement under way has inserted the document as this version and not logged that yet:
 * its deletion would be logged first. */
void refuse_pending_birth(Datum id, int64_t version);

/* 27000 if a statement under way has deleted the document and not left its tombstone yet. There is
 * no row. */
void refuse_pending_deletion(Datum id);

} // namespace synckit
