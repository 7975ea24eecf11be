#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/*
 * A number that is another one when ALTER DATABASE … SET, or RESET, has changed a setting of ours
 * for the worker of this database. Nobody tells a running process of such a change. Within a
 * transaction.
 */
uint64 database_settings_mark();

} // namespace synckit
