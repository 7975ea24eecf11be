#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "storage/itemptr.h"
}

/*
 * Where the rows of synckit.documents were that this session wrote last. To look there first spares
 * the way down the index and, while somebody holds a snapshot, the visit to every dead version of
 * the document that the index knows.
 *
 * A guess and no more: whoever uses it looks whether the row is there. It may have moved, its
 * transaction may have failed, the table may be another one.
 */
namespace synckit {

void note_place(std::string_view document, const ItemPointerData& place);

/* Not valid if nothing is known. */
ItemPointerData guess_place(std::string_view document);

} // namespace synckit
