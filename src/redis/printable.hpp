#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synckit {

/*
 * Text of a stranger, made safe for a terminal or a log: control characters (C0, DEL, C1), the
 * Unicode marks that reorder or break a line, and bytes that are not UTF-8 are written as escapes,
 * \u001b or \xff. All else stays as it is. Inside a JSON text the \u escapes mean the same as the
 * characters that they replace.
 */
std::string printable(std::string_view text);

/* The same, cut after `max_bytes` bytes of input (never inside a character), with "…" to show it.
 */
std::string printable(std::string_view text, size_t max_bytes);

} // namespace synckit
