#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/*
 * Called wherever the worker waits, by itself at most every tick: serves interrupts, leaves the
 * database to whoever waits for it, and ends the worker where there is nothing to do any more.
 */
void serve_interrupts();

/* Of the extension's SQL in this database, as of the last tick. */
const char* extension_version();

inline constexpr long tick_ms = 1000;

} // namespace synckit
