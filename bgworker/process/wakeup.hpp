#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/* This transaction has written so many deltas: when it commits, the publisher of this database is
 * woken. */
void note_deltas_written(size_t count);

/* Likewise for a broadcast. */
void note_broadcast_written();

/* This transaction has made the tables: when it commits, the publisher looks again. */
void note_schema_changed();

/* This transaction has created the extension: when it commits, the launcher looks at this database.
 */
void note_extension_created();

/* The cursor was written anew: the worker is to start from that. */
void note_cursor_written();

/* What was set aside is to be published again. */
void note_requeued();

} // namespace synckit
