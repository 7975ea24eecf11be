#pragma once

#include <span>

#include "document/delta_id.hpp"
#include "postgres/postgres.hpp"

namespace synckit {

/*
 * Which of these ids (uuid[]) the log holds, whatever row-level security lets the caller see; none
 * is looked for where it hides nothing. In the current memory context, in the order given.
 *
 * An id that is hidden is refused like one of another document: to insert it would fail at the
 * primary key (23505), which tells as much, and ends a batch. So only that it is there is told.
 */
std::span<Uuid> recorded_under_policies(Datum ids);

} // namespace synckit
