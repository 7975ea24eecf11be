#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/*
 * The oldest transaction of which Postgres knows how it ended. VACUUM has forgotten older ones, for
 * which asking is an error (58P01): they are durable. It may forget more at any time.
 *
 * As pg_xact_status() finds it (TransactionIdInRecentPast in Postgres's xid8funcs.c).
 */
uint64 oldest_known_xid();

} // namespace synckit
