#pragma once

#include "functions/document_rows.hpp"

/* Raising a document's clock by hand: it changes the clock alone, no delta, no version. */
namespace synckit {

/* Locks a document that must be there: SK001. Within SPI. */
void lock_document(DocumentRows& rows, Datum id, DocumentRow& row);

/* Raises the clock of a locked document to at least the given one, by synckit.max_clock_step at
 * most (22003). Returns it as it is then. */
Bytes raise_clock(DocumentRows& rows, Datum id, const DocumentRow& row, Bytes given,
                  ContextMemory& memory);

} // namespace synckit
