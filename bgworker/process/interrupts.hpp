#pragma once

#include "bgworker/process/shared.hpp"

namespace synckit {

/* Of the worker of this database, which is connected to it. */
void begin_interrupts(DatabaseSlot&);

/*
 * Called wherever the worker waits, by itself at most every tick: serves interrupts, leaves the
 * database to whoever waits for it, and ends the worker where there is nothing to do any more.
 */
void serve_interrupts();

/* Of the extension's SQL in this database, as of the last tick. */
const char* extension_version();

inline constexpr long tick_ms = 1000;

} // namespace synckit
