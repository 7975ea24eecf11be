#include "storage/rights.hpp"

#include "postgres/catalog.hpp"

extern "C" {
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

#if PG_VERSION_NUM >= 160000
extern "C" {
#include "catalog/pg_class.h"
}
#endif

namespace synckit {

bool is_owner(Oid relation)
{
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, relation, GetUserId());
#else
    return pg_class_ownercheck(relation, GetUserId());
#endif
}

bool may_bring_stamps()
{
    if (is_owner(require_table("deltas")))
        return true;
    Oid replicator = get_role_oid("synckit_replicator", true);
    return OidIsValid(replicator) && has_privs_of_role(GetUserId(), replicator);
}

} // namespace synckit
