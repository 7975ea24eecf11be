#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
}

namespace synckit {

/*
 * Appends the canonical text of a JSON value, what jsonb::text prints, unless it is longer than the
 * limit: then false, with the text cut somewhere. A number can be a hundred thousand digits long in
 * ten bytes of jsonb, so only writing it tells how long a text is.
 */
bool append_json_text(StringInfo to, JsonbContainer* json, size_t limit);

/* So long may the text of a value be, and of a state. Postgres builds no text of 1 GB: a row with
 * one could be neither read nor dumped. */
inline constexpr size_t most_value_text_bytes = 256 * 1024 * 1024;
inline constexpr size_t most_state_text_bytes = 512 * 1024 * 1024;

/* A number that is longer, written out, than a thousand characters and than four times its bytes:
 * 1e5000 is one, 5,000 digits are none. Without such numbers a text is at most 64 times as long as
 * its jsonb. */
bool has_overlong_number(Jsonb* json);

/* Whether the text is longer than that. Without overlong numbers: only where it may be so, it is
 * written to see. */
bool is_text_longer(Jsonb* json, size_t limit);

} // namespace synckit
