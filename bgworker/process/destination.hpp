#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/process/shared.hpp"

/*
 * Where a database publishes to: a Redis, by one address or several, and a channel prefix. Two
 * databases must not share an address and channels, or receivers would take the documents of the
 * one for those of the other. They share channels where their prefixes are the same, or one begins
 * with the other and "doc:": the rest of it may be the beginning of a document's id.
 *
 * The claim with the earlier date holds, and the date is kept with the cursor, so that after a
 * restart it is the same database. Nobody may hold anything before all databases were looked into.
 */
namespace synckit {

/* What settings say it is, in the current memory context: the addresses, sorted, separated by
 * commas, then a space and the prefix. User and database number are no part of it: Pub/Sub knows
 * neither. */
char* configured_destination();
/* The address as it was written, for people; without a password. */
char* configured_address();

enum class Claim {
    held,
    early, // not all databases were looked into: ask again
    taken,
};
/* Claims it for the slot's database; if it is taken, by which database. */
Claim claim_destination(DatabaseSlot& slot, const char* destination, TimestampTz since, Oid& by);
void release_destination(DatabaseSlot& slot);

} // namespace synckit
