#include "postgres/catalog.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "postgres/bridge.hpp"
#include "postgres/sqlstates.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/dependency.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace synckit {

namespace {

/* True while require_schema() need not look again. Any change of a function or a table lets it
 * fall. */
bool schema_checked = false;

void forget_schema(Datum, int, uint32)
{
    schema_checked = false;
}

void forget_schema_of_relation(Datum, Oid)
{
    schema_checked = false;
}

[[noreturn]] void schema_error(const char* message, const char* detail, const char* hint)
{
    ereport(ERROR, (errcode(ERRCODE_SYNCKIT_SCHEMA), errmsg("%s", message), errdetail("%s", detail),
                    errhint("%s", hint)));
    pg_unreachable();
}

constexpr const char* migrate_hint = "Run SELECT synckit_migrate().";
constexpr const char* repair_hint = "Undo what dropped, renamed or moved it, or restore it from a "
                                    "backup. synckit_schema_status() tells what is missing.";

} // namespace

ExtensionObjects extension_in(Oid schema)
{
    auto type = [schema](const char* name) {
        return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
                               ObjectIdGetDatum(schema));
    };
    return {schema, type("vclock"), type("synckit_registers")};
}

ExtensionObjects extension_of(FunctionCallInfo fcinfo)
{
    return extension_in(get_func_namespace(fcinfo->flinfo->fn_oid));
}

bool is_vclock(Oid type)
{
    static Oid known = InvalidOid; // a type is no other as long as it is there
    if (type == known)
        return true;
    HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool named_so = std::strcmp(NameStr(reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typname),
                                "vclock") == 0;
    ReleaseSysCache(tuple);
    Oid extension = named_so ? get_extension_oid("synckit", true) : InvalidOid;
    if (!OidIsValid(extension) || getExtensionOfObject(TypeRelationId, type) != extension)
        return false;
    known = type;
    return true;
}

Oid table_oid(const char* name)
{
    Oid schema = get_namespace_oid("synckit", true);
    return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

Oid require_table(const char* name)
{
    Oid oid = table_oid(name);
    if (!OidIsValid(oid))
        refuse_missing(psprintf("relation synckit.%s", name));
    return oid;
}

bool is_any_table_left()
{
    return std::ranges::any_of(
        std::to_array({"documents", "deltas", "deltas_seq", "tombstones", "sessions",
                       "vector_clocks", "documents_with_clocks"}),
        [](const char* name) { return OidIsValid(table_oid(name)); });
}

void refuse_missing(const char* what)
{
    const char* detail = psprintf("There is no %s.", what);
    if (schema_version() == 0 && !is_any_table_left())
        schema_error("synckit's tables are not set up in this database", detail, migrate_hint);
    schema_error("synckit's tables are not complete", detail, repair_hint);
}

int schema_version()
{
    Oid schema = get_namespace_oid("synckit", true);
    if (!OidIsValid(schema))
        return 0;
    HeapTuple tuple =
        SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum("schema_version"),
                        PointerGetDatum(buildoidvector(nullptr, 0)), ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple))
        return 0;
    /*
     * Its text is read, not run: the function belongs to the tables' owner, and whoever calls us
     * must not run code of theirs. It says SELECT and a number, as migrate wrote it.
     */
    bool null;
    Datum source = SysCacheGetAttr(PROCNAMEARGSNSP, tuple, Anum_pg_proc_prosrc, &null);
    int version = 0;
    if (!null) {
        constexpr std::string_view start = "SELECT ";
        std::string_view text = datum_text(source);
        if (text.starts_with(start))
            std::from_chars(text.data() + start.size(), text.data() + text.size(), version);
    }
    ReleaseSysCache(tuple);
    return version;
}

void require_schema()
{
    static bool registered = false;
    if (!registered) {
        CacheRegisterSyscacheCallback(PROCOID, forget_schema, 0);
        CacheRegisterRelcacheCallback(forget_schema_of_relation, 0);
        registered = true;
    }
    if (schema_checked)
        return;
    int version = schema_version();
    if (version == 0)
        refuse_missing(version_function);
    if (version < library_schema_version - 1)
        schema_error("synckit's tables are too old for this library",
                     psprintf("Their version is %d; the library serves %d and %d.", version,
                              library_schema_version - 1, library_schema_version),
                     migrate_hint);
    if (version > library_schema_version)
        schema_error(
            "synckit's tables are newer than this library",
            psprintf("Their version is %d, the library's %d.", version, library_schema_version),
            "Install the newer package on the server and restart it.");
    for (const char* table : {"documents", "deltas", "tombstones", "deltas_seq"})
        require_table(table);
    schema_checked = true;
}

namespace {

/* The versions of the extension's SQL that this library serves. */
constexpr const char* served_versions[] = {"1.0"};

/* Calls take(row, relation) for the extension's row in pg_extension, if there is one. */
template <class Take>
bool find_extension(Take take)
{
    Oid extension = get_extension_oid("synckit", true);
    if (!OidIsValid(extension))
        return false;
    Relation relation = table_open(ExtensionRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(extension));
    SysScanDesc scan = systable_beginscan(relation, ExtensionOidIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    bool found = HeapTupleIsValid(tuple);
    if (found)
        take(tuple, relation);
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return found;
}

} // namespace

InstalledExtension installed_extension()
{
    InstalledExtension installed{};
    if (!find_extension([&](HeapTuple tuple, Relation) {
            auto* row = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
            installed = {row->extnamespace, row->extowner};
        }))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("extension \"synckit\" does not exist")));
    return installed;
}

char* installed_version()
{
    char* version = nullptr;
    find_extension([&](HeapTuple tuple, Relation relation) {
        bool null;
        Datum value =
            heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(relation), &null);
        version = null ? pstrdup("") : TextDatumGetCString(value);
    });
    return version;
}

bool library_serves_sql(const char* version)
{
    return std::ranges::any_of(served_versions, [version](const char* served) {
        return std::strcmp(served, version) == 0;
    });
}

} // namespace synckit
