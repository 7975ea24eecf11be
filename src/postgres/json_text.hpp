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

} // namespace synckit
