/*
 * synckit_migrate() and synckit_schema_status(): the user's tables, made and looked after.
 *
 * A migration is a file in extension/schema/, compiled into the library. One call applies what is
 * missing, in one transaction.
 */
#include "functions/schema.hpp"

#include "postgres/bridge.hpp"
#include "postgres/catalog.hpp"
#include "storage/rights.hpp"
#include "postgres/sql.hpp"

#include "postgres/result_set.hpp"
extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "commands/extension.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

#include "bgworker/feed/cursor.hpp"
#include "bgworker/process/wakeup.hpp"
#include "postgres/sqlstates.hpp"

namespace synckit {

namespace {

constexpr const char* migrations[] = {
#include "functions/migrations.inc"
};
static_assert(std::size(migrations) == library_schema_version);

/* What the current version must hold; anything that users add beside it is theirs. */
constexpr const char* expected_columns[] = {
    "documents.id",       "documents.state",     "documents.version",     "documents.clock",
    "documents.lamport",  "documents.registers", "documents.created_at",  "documents.updated_at",
    "deltas.id",          "deltas.document_id",  "deltas.client_id",      "deltas.operation_type",
    "deltas.field_path",  "deltas.value",        "deltas.clock_value",    "deltas.timestamp",
    "deltas.clock",       "deltas.seen",         "deltas.stamp",          "deltas.lamport",
    "deltas.version",     "deltas.outcome",      "deltas.changed_fields", "deltas.server_id",
    "deltas.seq",         "deltas.xid",          "tombstones.id",         "tombstones.version",
    "tombstones.clock",   "tombstones.lamport",  "tombstones.registers",  "tombstones.deleted_at",
    "sessions.id",        "sessions.user_id",    "sessions.client_id",    "sessions.connected_at",
    "sessions.last_seen", "sessions.metadata",
};
constexpr const char* expected_indexes[] = {
    "documents_pkey",  "documents_updated_at_id_idx",    "deltas_pkey",
    "tombstones_pkey", "deltas_document_id_version_idx", "deltas_xid_seq_idx",
    "sessions_pkey",   "sessions_user_id_idx",
};
/* All of them look at session_replication_role themselves, hence ENABLE ALWAYS. */
constexpr const char* expected_triggers[] = {
    "documents.000_synckit_log", "documents.zzz_synckit_merge",  "documents.zzz_synckit_truncate",
    "deltas.000_synckit_begin",  "deltas.000_synckit_end",       "deltas.000_synckit_write",
    "deltas.zzz_synckit_merge",  "tombstones.zzz_synckit_guard", "tombstones.zzz_synckit_truncate",
};
/* Apart from the others: the firing mode of a view's trigger cannot be changed. */
constexpr const char* expected_view_triggers[] = {"vector_clocks.zzz_synckit_raise"};
constexpr const char* expected_views[] = {"vector_clocks", "documents_with_clocks"};

constexpr Oid trigger_types[] = {TEXTARRAYOID};
Statement changed_triggers_statement(
    "SELECT pg_catalog.format('ALTER TABLE synckit.%I ENABLE ALWAYS TRIGGER %I', c.relname, "
    "t.tgname)"
    " FROM pg_catalog.pg_trigger t"
    " JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.tgrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    " WHERE n.nspname OPERATOR(pg_catalog.=) 'synckit' AND NOT t.tgisinternal"
    " AND t.tgenabled OPERATOR(pg_catalog.<>) 'A'"
    " AND (c.relname OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) t.tgname)"
    " OPERATOR(pg_catalog.=) ANY ($1)",
    trigger_types);

constexpr Oid status_types[] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
                                TEXTARRAYOID};
Statement status_statement(
    "SELECT pg_catalog.array_agg(problem ORDER BY problem) FROM ("
    "  SELECT 'column synckit.' OPERATOR(pg_catalog.||) name OPERATOR(pg_catalog.||) ' is missing'"
    "  FROM pg_catalog.unnest($1) name WHERE NOT EXISTS ("
    "    SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid "
    "OPERATOR(pg_catalog.=) a.attrelid"
    "    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "    WHERE n.nspname OPERATOR(pg_catalog.=) 'synckit' AND NOT a.attisdropped"
    "    AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}')"
    "    AND (c.relname OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) a.attname) "
    "OPERATOR(pg_catalog.=) name)"
    "  UNION ALL"
    "  SELECT 'index synckit.' OPERATOR(pg_catalog.||) name OPERATOR(pg_catalog.||) ' is missing'"
    "  FROM pg_catalog.unnest($2) name WHERE NOT EXISTS ("
    "    SELECT FROM pg_catalog.pg_class c"
    "    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "    WHERE n.nspname OPERATOR(pg_catalog.=) 'synckit' "
    "    AND c.relkind OPERATOR(pg_catalog.=) ANY ('{i,I}')"
    "    AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) name)"
    "  UNION ALL"
    "  SELECT CASE WHEN pg_catalog.count(t.oid) OPERATOR(pg_catalog.=) 0 "
    "    THEN 'trigger synckit.' OPERATOR(pg_catalog.||) "
    "name"
    "    OPERATOR(pg_catalog.||) ' is missing'"
    "    ELSE 'trigger synckit.' OPERATOR(pg_catalog.||) name OPERATOR(pg_catalog.||)"
    "    ' has another firing mode' END"
    "  FROM pg_catalog.unnest($3) name"
    "  LEFT JOIN (pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid "
    "OPERATOR(pg_catalog.=) t.tgrelid"
    "    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "      AND n.nspname OPERATOR(pg_catalog.=) 'synckit')"
    "  ON (c.relname OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) t.tgname) "
    "OPERATOR(pg_catalog.=) name"
    "  GROUP BY name HAVING pg_catalog.bool_or(t.tgenabled OPERATOR(pg_catalog.=) 'A') IS NOT TRUE"
    "  UNION ALL"
    "  SELECT CASE WHEN c.oid IS NULL THEN 'view synckit.' OPERATOR(pg_catalog.||) name"
    "    OPERATOR(pg_catalog.||) ' is missing'"
    "    ELSE 'view synckit.' OPERATOR(pg_catalog.||) name OPERATOR(pg_catalog.||)"
    "    ' does not run as its caller (security_invoker)' END"
    "  FROM pg_catalog.unnest($4) name"
    "  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    "    ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "      AND n.nspname OPERATOR(pg_catalog.=) 'synckit')"
    "  ON c.relkind OPERATOR(pg_catalog.=) 'v'"
    "    AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) name"
    "  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)"
    "    WHERE option_name OPERATOR(pg_catalog.=) 'security_invoker'"
    "    AND option_value::pg_catalog.bool)"
    "  UNION ALL"
    "  SELECT 'trigger synckit.' OPERATOR(pg_catalog.||) name OPERATOR(pg_catalog.||)"
    "    ' is missing'"
    "  FROM pg_catalog.unnest($5) name WHERE NOT EXISTS ("
    "    SELECT FROM pg_catalog.pg_trigger t"
    "    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.tgrelid"
    "    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "    WHERE n.nspname OPERATOR(pg_catalog.=) 'synckit'"
    "    AND (c.relname OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) t.tgname) "
    "OPERATOR(pg_catalog.=) name)"
    "  UNION ALL"
    "  SELECT 'sequence synckit.deltas_seq is missing' WHERE NOT EXISTS ("
    "    SELECT FROM pg_catalog.pg_class c"
    "    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "    WHERE n.nspname OPERATOR(pg_catalog.=) 'synckit' AND c.relkind OPERATOR(pg_catalog.=) 'S'"
    "    AND c.relname OPERATOR(pg_catalog.=) 'deltas_seq')"
    ") p (problem)",
    status_types);

template <size_t N>
Datum name_array(const char* const (&names)[N])
{
    std::string_view texts[N];
    for (size_t i = 0; i < N; ++i)
        texts[i] = names[i];
    Datum elements[N];
    for (size_t i = 0; i < N; ++i)
        elements[i] = text_datum(texts[i]);
    return PointerGetDatum(
        construct_array(elements, static_cast<int>(N), TEXTOID, -1, false, TYPALIGN_INT));
}

Datum one_problem(const char* text)
{
    Datum element = CStringGetTextDatum(text);
    return PointerGetDatum(construct_array(&element, 1, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The problems as one text. */
char* join(Datum problems)
{
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(problems), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    StringInfoData joined;
    initStringInfo(&joined);
    for (int i = 0; i < count; ++i)
        appendStringInfo(&joined, "%s%s", i > 0 ? "; " : "", TextDatumGetCString(elements[i]));
    return joined.data;
}

/* Puts the extension's schema, quoted, in the place of every @extschema@. */
char* with_schema(const char* sql, Oid schema)
{
    return text_to_cstring(DatumGetTextPP(DirectFunctionCall3Coll(
        replace_text, C_COLLATION_OID, CStringGetTextDatum(sql), CStringGetTextDatum("@extschema@"),
        CStringGetTextDatum(quote_identifier(get_namespace_name(schema))))));
}

/*
 * Whoever owns the schema can drop the tables in it, or put others in their place: that has to be
 * who will own them. Anybody who may create a schema in this database could have made this one
 * beforehand. Membership is not enough: the other members of the owner's role are owners, too.
 */
void refuse_schema_of_another(Oid schema)
{
    HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for schema %u", schema);
    Oid owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
    ReleaseSysCache(tuple);
    if (owner == GetUserId() || (superuser() && superuser_arg(owner)))
        return;
    const char* name = GetUserNameFromId(owner, false);
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("schema synckit belongs to another role"),
             errdetail("Its owner, \"%s\", could drop the tables that \"%s\" would own in it.",
                       name, GetUserNameFromId(GetUserId(), false)),
             errhint("Run synckit_migrate() as \"%s\", if that role is to own the tables. If not, "
                     "drop the schema or rename it.",
                     name)));
}

void prepare_schema()
{
    if (Oid schema = get_namespace_oid("synckit", true); OidIsValid(schema))
        refuse_schema_of_another(schema);
    else if (SPI_execute("CREATE SCHEMA synckit", false, 0) != SPI_OK_UTILITY)
        elog(ERROR, "could not create schema synckit");
}

void run_migrations(int from, Oid extension_schema)
{
    if (from == 0)
        prepare_schema();
    for (int version = from + 1; version <= library_schema_version; ++version) {
        int result = SPI_execute(with_schema(migrations[version - 1], extension_schema), false, 0);
        if (result < 0)
            elog(ERROR, "migration %d failed: %s", version, SPI_result_code_string(result));
    }
}

/* ENABLE TRIGGER ALL, with which a restore may end, gives them another firing mode. */
void mend_triggers()
{
    Datum names = name_array(expected_triggers);
    uint64 count = changed_triggers_statement.execute({}, &names);
    SPITupleTable* rows = SPI_tuptable;
    for (uint64 row = 0; row < count; ++row)
        if (SPI_execute(SPI_getvalue(rows->vals[row], rows->tupdesc, 1), false, 0) < 0)
            elog(ERROR, "could not enable a trigger");
}

} // namespace

SchemaStatus schema_status()
{
    SchemaStatus status{schema_version(), false, 0};
    if (status.version == 0) {
        status.problems = one_problem(
            is_any_table_left() ? psprintf("%s is missing", version_function)
                                : "the tables are not set up: run SELECT synckit_migrate()");
        return status;
    }
    if (status.version != library_schema_version) {
        status.problems = one_problem(
            psprintf("the tables are of version %d, the library of version %d: %s", status.version,
                     library_schema_version,
                     status.version < library_schema_version ? "run SELECT synckit_migrate()"
                                                             : "install the newer package"));
        return status;
    }
    MemoryContext caller = CurrentMemoryContext;
    Datum values[] = {name_array(expected_columns), name_array(expected_indexes),
                      name_array(expected_triggers), name_array(expected_views),
                      name_array(expected_view_triggers)};
    SpiSession spi;
    status_statement.execute({}, values);
    bool none;
    Datum problems = column(0, 1, &none);
    MemoryContext before = MemoryContextSwitchTo(caller);
    status.current = none;
    status.problems = none ? PointerGetDatum(construct_empty_array(TEXTOID))
                           : PointerGetDatum(DatumGetArrayTypePCopy(problems));
    MemoryContextSwitchTo(before);
    spi.finish();
    return status;
}

} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(synckit_migrate)
{
    if (creating_extension)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("synckit_migrate() cannot be run inside an extension script"),
                 errdetail(
                     "The tables would become members of that extension, and be dropped with it."),
                 errhint("Run it afterwards, as the role that is to own the tables.")));
    ExtensionObjects extension = extension_of(fcinfo);

    /* Everything in a migration is qualified; nobody's objects may come before pg_catalog's. */
    int guc_level = NewGUCNestLevel();
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                      GUC_ACTION_SAVE, true, 0, false);
    SpiSession spi;
    /* One after the other: the second of two sessions finds the work done. The number is 'synckit'
     * in ASCII. */
    if (SPI_execute("SELECT pg_catalog.pg_advisory_xact_lock(32503137343072628)", false, 0) < 0)
        elog(ERROR, "could not take the migration lock");
    AcceptInvalidationMessages(); // what the other session did while we waited
    int before = schema_version();
    if (before > library_schema_version)
        ereport(ERROR, (errcode(ERRCODE_SYNCKIT_SCHEMA),
                        errmsg("synckit's tables are newer than this library"),
                        errdetail("Their version is %d, the library's %d.", before,
                                  library_schema_version),
                        errhint("Install the newer package on the server and restart it.")));
    if (before > 0 && !is_owner(require_table("documents")))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("must be owner of synckit's tables to migrate them")));
    if (before == 0 && is_any_table_left())
        refuse_missing(version_function);
    run_migrations(before, extension.schema);
    if (before == 0)
        create_cursor();
    mend_triggers();
    CommandCounterIncrement();
    SchemaStatus status = schema_status();
    if (!status.current)
        ereport(ERROR, (errcode(ERRCODE_SYNCKIT_SCHEMA),
                        errmsg("synckit's tables are not what this library expects"),
                        errdetail("%s", join(status.problems)),
                        errhint("Something was dropped or changed: restore it, or the tables.")));
    note_schema_changed();
    spi.finish();
    AtEOXact_GUC(true, guc_level);
    PG_RETURN_INT32(library_schema_version);
}

SYNCKIT_FUNCTION(synckit_schema_status)
{
    TupleDesc descriptor = result_row_type(fcinfo);
    SchemaStatus status = schema_status();
    Datum values[] = {Int32GetDatum(status.version), Int32GetDatum(library_schema_version),
                      BoolGetDatum(status.current), status.problems};
    bool nulls[] = {status.version == 0, false, false, false};
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}
