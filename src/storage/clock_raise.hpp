#pragma once

#include "storage/document_rows.hpp"

/* Raising a document's clock by hand: it changes the clock alone, no delta, no version. */
namespace synckit {

/* Within run_pure(): an entry may be raised as far as a delta's number may be (22003). */
void check_raise(const ClockView& from, const ClockView& to, Ticks lamport, Ticks now, Memory&);

/* Within run_pure(): 22023 if an entry would be lower than it was, or gone. */
void check_not_lowered(const ClockView& from, const ClockView& to);

/* Locks a document that must be there: SK001. Within SPI. */
void lock_document(DocumentRows& rows, Datum id, DocumentRow& row);

/* Raises the clock of a locked document to at least the given one, by synckit.max_clock_step at
 * most (22003). Returns it as it is then. */
Bytes raise_clock(DocumentRows& rows, Datum id, const DocumentRow& row, Bytes given,
                  ContextMemory& memory);

} // namespace synckit
