/*
 * synckit_state_index(): the GIN index on documents.state, for those whose queries are worth what
 * it costs their writes.
 */
#include "storage/rights.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "catalog/index.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
}

using namespace synckit;

namespace {

bool has_state_index(Oid documents)
{
    Oid index = table_oid("documents_state_idx");
    return OidIsValid(index) && get_rel_relkind(index) == RELKIND_INDEX &&
           IndexGetRelation(index, true) == documents;
}

} // namespace

SYNCKIT_FUNCTION(synckit_state_index)
{
    bool wanted = PG_GETARG_BOOL(0);
    require_schema();
    Oid documents = require_table("documents");
    if (!is_owner(documents))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, "documents");
    if (has_state_index(documents) == wanted)
        PG_RETURN_BOOL(false);
    /* One after the other: the second of two sessions finds the work done. */
    LockRelationOid(documents, wanted ? ShareRowExclusiveLock : AccessExclusiveLock);
    bool changes = has_state_index(documents) != wanted;
    if (changes) {
        SpiSession spi;
        const char* sql = wanted ? "CREATE INDEX documents_state_idx ON synckit.documents "
                                   "USING gin (state pg_catalog.jsonb_path_ops)"
                                 : "DROP INDEX synckit.documents_state_idx";
        if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
            elog(ERROR, "a statement failed: %s", SPI_result_code_string(SPI_result));
        spi.finish();
    }
    PG_RETURN_BOOL(changes);
}
