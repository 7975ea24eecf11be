/*
 * synckit_get_document(), synckit_list_documents() and synckit_list_documents_before():
 * docs/reference.md describes them.
 */
#include "functions/document_row.hpp"
#include "functions/paging.hpp"
#include "postgres/result_set.hpp"

using namespace synckit;

namespace {

constexpr Oid page_types[] = {INT4OID, INT4OID};
Statement page_statement(SYNCKIT_SELECT_DOCUMENT "ORDER BY updated_at DESC, id LIMIT $1 OFFSET $2",
                         page_types, document_row_types);

/* Two conditions on updated_at: the index starts the scan at the first, and the second tells those
 * apart that were updated at the same moment. */
constexpr Oid before_types[] = {TIMESTAMPTZOID, TEXTOID, INT4OID};
Statement before_statement(SYNCKIT_SELECT_DOCUMENT
                           "WHERE updated_at OPERATOR(pg_catalog.<=) $1 AND "
                           "(updated_at OPERATOR(pg_catalog.<) $1 OR id OPERATOR(pg_catalog.>) $2) "
                           "ORDER BY updated_at DESC, id LIMIT $3",
                           before_types, document_row_types);

} // namespace

SYNCKIT_FUNCTION(synckit_get_document)
{
    require_schema();
    Datum values[] = {PG_GETARG_DATUM(0)};
    return_rows(fcinfo, Access::read, document_statement, values);
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_list_documents)
{
    check_page(fcinfo, 0, "limit");
    check_page(fcinfo, 1, "offset");
    require_schema();
    Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
    bool nulls[] = {PG_ARGISNULL(0), PG_ARGISNULL(1)};
    return_rows(fcinfo, Access::read, page_statement, values, nulls);
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_list_documents_before)
{
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("updated_at and id must not be null"),
                        errdetail("Together they name the document that the page follows."),
                        errhint("The first page is synckit_list_documents().")));
    check_page(fcinfo, 2, "limit");
    require_schema();
    Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
    bool nulls[] = {false, false, PG_ARGISNULL(2)};
    return_rows(fcinfo, Access::read, before_statement, values, nulls);
    return Datum(0);
}
