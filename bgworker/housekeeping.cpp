#include "bgworker/housekeeping.hpp"

#include "bgworker/feed/owner_transaction.hpp"
#include "postgres/catalog.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace synckit {

namespace {

/* So many rows a transaction: it holds back nobody for long. */
constexpr int rows_at_once = 10'000;

/* What the extension was put into is not known beforehand. */
char* cleanup_query()
{
    return psprintf(
        "SELECT sessions_deleted OPERATOR(pg_catalog.+) deltas_deleted "
        "OPERATOR(pg_catalog.+) tombstones_deleted FROM %s.synckit_cleanup(\"limit\" => %d)",
        quote_identifier(get_namespace_name(installed_extension().schema)), rows_at_once);
}

} // namespace

bool clean_up()
{
    volatile bool more = false;
    PG_TRY();
    {
        OwnerTransaction transaction;
        transaction.begin_writing();
        if (SPI_execute(cleanup_query(), false, 1) == SPI_OK_SELECT && SPI_processed == 1) {
            bool null;
            Datum deleted = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
            more = !null && DatumGetInt64(deleted) > 0;
        }
        transaction.end();
    }
    PG_CATCH();
    {
        EmitErrorReport();
        AbortCurrentTransaction();
        FlushErrorState();
        more = false;
    }
    PG_END_TRY();
    return more;
}

} // namespace synckit
