#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/*
 * Runs synckit_cleanup() once, for a bounded number of rows, in a transaction of its own and as the
 * tables' owner. True if there may be more to do. An error is logged, and waits for the next time.
 */
bool clean_up();

} // namespace synckit
