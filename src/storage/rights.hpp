#pragma once

#include "postgres/postgres.hpp"

/* Who may do what beyond the privileges that SQL checks by itself. */
namespace synckit {

/* The owner of the relation, a member of the owner's role, or a superuser. */
bool is_owner(Oid relation);

/* Whoever may bring stamps and restored rows: the log's owner, superusers, members of role
 * synckit_replicator. */
bool may_bring_stamps();

} // namespace synckit
