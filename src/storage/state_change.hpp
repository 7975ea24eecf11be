#pragma once

#include "storage/delta_log.hpp"
#include "storage/open_document.hpp"

namespace synckit {

/*
 * What a write of the whole state comes to, as deltas of this client: one merge of the fields that
 * are not what they were (by their canonical text), then a delete for each that is missing, in the
 * order of the names' bytes; of a new document a merge of all it has, of none if it is empty.
 *
 * The document is loaded; state is an object. In the current memory context. What is wrong with one
 * of the deltas is raised.
 */
std::span<DeltaInput> deltas_of_state(const OpenDocument& document, Jsonb* state,
                                      std::string_view client);

/* The deletion of a document, as a delta. */
std::span<DeltaInput> deltas_of_deletion(const OpenDocument& document, std::string_view client);

/* Merges such deltas into the document, and draws their seq. */
void merge_all(OpenDocument& document, std::span<DeltaInput> deltas, ContextMemory& memory);

/* Gives it an id and a time: it is ready for the log. */
LoggedDelta settle(const OpenDocument& document, DeltaInput& delta);

/* Logs what was merged, and wakes the publisher at commit. Within SPI. */
void log_all(DeltaLog& log, const OpenDocument& document, std::span<DeltaInput> deltas);

/* Raises unless it is a JSON object (22004, 22023). */
void check_state(const Jsonb* state);

/* synckit.client_id: whom plain SQL writes as. A copy in the current memory context: the setting
 * may change before what is merged is written. */
std::string_view sql_client();

} // namespace synckit
