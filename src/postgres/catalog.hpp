#pragma once

#include "postgres/postgres.hpp"

/*
 * Where our own objects are: the extension's, which live in the schema named at CREATE EXTENSION,
 * and the user's tables in schema synckit. Nothing is looked up by search_path, and nothing is
 * remembered past its invalidation.
 */
namespace synckit {

/* The version of the schema that this library creates; it serves this one and the one before. */
inline constexpr int library_schema_version = 1;

struct ExtensionObjects {
    Oid schema;
    Oid vclock;
    Oid registers;
};

/* The objects of the extension that this function belongs to; InvalidOid for types that are not
 * there. */
ExtensionObjects extension_of(FunctionCallInfo fcinfo);
ExtensionObjects extension_in(Oid schema);

/* As CREATE EXTENSION has recorded it: for who was not called as one of its functions. */
struct InstalledExtension {
    Oid schema;
    Oid owner;
};
InstalledExtension installed_extension();

/* The version of the extension's SQL, in the current memory context; null: not installed. */
char* installed_version();
/* Whether this library serves it. The SQL is another one after ALTER EXTENSION UPDATE while the
 * server still runs the older library, and before it while it runs the newer. */
bool library_serves_sql(const char* version);

/* Whether this is the extension's type vclock: for who does not know where the extension is. */
bool is_vclock(Oid type);

/* The schema's version as its function synckit.schema_version() says; 0 before migrate. Never runs
 * the function. */
int schema_version();

/* Raises SK003 unless the tables are there, of a version that this library serves. Cheap: checked
 * once a change. */
void require_schema();

Oid table_oid(const char* name);     // InvalidOid if there is none
Oid require_table(const char* name); // SK003

/* Whether any relation of ours is there, whatever the version says. */
bool is_any_table_left();

inline constexpr const char* version_function = "function synckit.schema_version()";

/* SK003 for a part of the schema. With a HINT that helps: synckit_migrate() makes the tables where
 * there are none, but cannot bring back one of them. */
[[noreturn]] void refuse_missing(const char* what);

} // namespace synckit
