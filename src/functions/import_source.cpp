#include "functions/import_source.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
}

namespace synckit {

namespace {

struct ExpectedTable {
    const char* name;
    const char* columns[9]; // up to a null
};

/* What the import reads; there may be more. */
constexpr ExpectedTable expected_tables[] = {
    {"documents", {"id", "state", "version", "created_at", "updated_at"}},
    {"vector_clocks", {"document_id", "client_id", "clock_value"}},
    {"deltas",
     {"id", "document_id", "client_id", "operation_type", "field_path", "value", "clock_value",
      "timestamp"}},
    {"sessions", {"id", "user_id", "client_id", "connected_at", "last_seen", "metadata"}},
};

void add_name(StringInfo list, const char* name)
{
    appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", name);
}

char* replaced(const char* sql, const char* what, const char* by)
{
    Datum result = DirectFunctionCall3Coll(replace_text, C_COLLATION_OID, CStringGetTextDatum(sql),
                                           CStringGetTextDatum(what), CStringGetTextDatum(by));
    return TextDatumGetCString(result);
}

} // namespace

ImportSource::ImportSource(const char* schema, Oid extension_schema)
    : schema_(schema), extension_schema_(extension_schema)
{
    Oid oid = get_namespace_oid(schema, false);
    if (std::strcmp(schema, "synckit") == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("schema \"synckit\" cannot be imported into itself"),
                        errdetail("It holds the tables that the import writes to."),
                        errhint("Name the schema with the tables of the TypeScript server, which "
                                "is \"public\" unless it was set up otherwise.")));
    check_tables(oid);
}

void ImportSource::check_tables(Oid schema)
{
    StringInfoData tables, columns;
    initStringInfo(&tables);
    initStringInfo(&columns);
    for (const ExpectedTable& table : expected_tables) {
        Oid relation = get_relname_relid(table.name, schema);
        if (!OidIsValid(relation)) {
            add_name(&tables, table.name);
            continue;
        }
        for (const char* const* column = table.columns; *column; ++column) {
            AttrNumber number = get_attnum(relation, *column);
            if (number == InvalidAttrNumber)
                add_name(&columns, psprintf("%s.%s", table.name, *column));
            else if (get_atttype(relation, number) == TIMESTAMPOID)
                has_local_times_ = true;
        }
    }
    const char* hint = "Name the schema that the TypeScript server's schema.sql was run in.";
    if (tables.len > 0)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("schema \"%s\" has not all tables of a SyncKit database", schema_),
                        errdetail("Missing: %s.", tables.data), errhint("%s", hint)));
    if (columns.len > 0)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_COLUMN),
                 errmsg("the tables in schema \"%s\" are not those of a SyncKit database", schema_),
                 errdetail("Missing: %s.", columns.data), errhint("%s", hint)));
}

char* ImportSource::fill_in(const char* sql) const
{
    const char* extension = quote_identifier(get_namespace_name(extension_schema_));
    return replaced(replaced(sql, "@extschema@", extension), "@source@", quote_identifier(schema_));
}

} // namespace synckit
