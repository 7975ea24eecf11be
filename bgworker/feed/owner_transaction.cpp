#include "bgworker/feed/owner_transaction.hpp"

#include "postgres/catalog.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace synckit {

void OwnerTransaction::begin_reading()
{
    StartTransactionCommand();
    XactIsoLevel = XACT_REPEATABLE_READ;
    XactReadOnly = true;
    begin();
}

void OwnerTransaction::begin_writing()
{
    StartTransactionCommand();
    begin();
}

void OwnerTransaction::begin()
{
    GetUserIdAndSecContext(&user_, &context_);
    Oid deltas = require_table("deltas");
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(deltas));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for relation %u", deltas);
    auto* relation = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    Oid owner = relation->relowner;
    char kind = relation->relkind;
    ReleaseSysCache(tuple);
    if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("synckit.deltas is not a table")));
    settings_level_ = NewGUCNestLevel();
    SetUserIdAndSecContext(owner,
                           context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    PushActiveSnapshot(GetTransactionSnapshot());
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
}

void OwnerTransaction::end()
{
    SPI_finish();
    PopActiveSnapshot();
    AtEOXact_GUC(false, settings_level_);
    SetUserIdAndSecContext(user_, context_);
    CommitTransactionCommand();
}

} // namespace synckit
