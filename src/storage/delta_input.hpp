#pragma once

#include "postgres/bridge.hpp"

extern "C" {
#include "utils/jsonb.h"
}

#include "document/delta.hpp"
#include "document/delta_id.hpp"
#include "postgres/unix_time.hpp"

/*
 * Deltas as they come in, as arguments or as JSON objects, and what became of them.
 *
 * Plain data in the caller's memory context: nothing here needs a destructor, so an ereport may
 * pass it by.
 */
namespace synckit {

/* What the log recorded of a delta that is asked for again. */
struct RecordedDelta {
    int64_t version;
    Counter clock_value;
    Ticks lamport;
    std::string_view field;
    Datum changed_fields; // text[]; 0 for NULL
    TimestampTz timestamp;
};

struct DeltaInput {
    /* As it came. */
    std::optional<std::string_view> document;
    std::optional<std::string_view> client;
    std::optional<std::string_view> operation;
    std::optional<std::string_view> field;
    std::optional<std::string_view> server;
    Jsonb* value = nullptr;
    std::optional<Counter> clock_value;
    std::optional<Bytes> clock;
    std::optional<TimestampTz> timestamp;
    std::optional<Uuid> id; // brought, or derived from what was
    std::optional<int64_t> seen;
    std::optional<int64_t> stamp;

    /* As the merge takes it. */
    Delta delta{};
    size_t document_index = 0; // among the documents of the call
    int64_t seq = 0;           // drawn when it is accepted; 0 before

    /* What became of it: one of these three, when all is done. */
    CaughtError* refusal = nullptr;
    RecordedDelta* duplicate = nullptr;
    Verdict* verdict = nullptr;
    const DeltaInput* duplicate_of = nullptr; // of this call: its changed fields are this one's too

    bool is_pending() const { return !refusal && !duplicate; }
};

/* A fresh UUIDv7, for a delta that brings no id. */
Uuid new_delta_id(TimestampTz now);

/* Reads one JSON object of synckit_apply_deltas(); false, with the refusal described, if it is no
 * delta. */
bool read_json_delta(JsonbContainer* object, DeltaInput& input, CaughtError& refusal);

/*
 * Checks what can be checked without the document and fills in `delta` and a derived id.
 * with_texts: values carry their canonical text, which is needed where stamped deltas are about.
 */
bool prepare_delta(DeltaInput& input, bool may_stamp, bool with_texts, CaughtError& refusal);

/* A jsonb as a value that can be put into another one; lives as long as the jsonb. */
JsonbValue* jsonb_root(Jsonb* jsonb);

/* The canonical text, what jsonb::text prints; false, with the refusal described, if it is absurdly
 * long. */
bool canonical_text(JsonbContainer* json, std::string_view& text, CaughtError& refusal);

/* The same of a value, or an error (54000). */
std::string_view json_text(JsonbValue* value);

} // namespace synckit
