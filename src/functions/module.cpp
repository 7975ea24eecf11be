/*
 * The library's entry point, and what CREATE EXTENSION calls.
 */
#include "postgres/postgres.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

#include "bgworker/launcher.hpp"
#include "bgworker/process/shared.hpp"
#include "bgworker/process/wakeup.hpp"
#include "postgres/settings.hpp"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "synckit", .version = "1.0");
#else
PG_MODULE_MAGIC;
#endif
__attribute__((visibility("default"))) void _PG_init(void);
}

/* Must not raise: pg_upgrade and every session that uses a function of ours come through here. */
void _PG_init(void)
{
    synckit::settings::define();
    if (!process_shared_preload_libraries_in_progress)
        return;
    synckit::reserve_shared_memory();
    /* While pg_upgrade runs nothing is published: the old and the new cluster share a history. */
    if (!IsBinaryUpgrade)
        synckit::register_launcher();
}

SYNCKIT_FUNCTION(synckit_announce)
{
    if (GetDatabaseEncoding() != PG_UTF8)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("synckit needs a database whose encoding is UTF8"),
                        errdetail("The encoding of this one is %s.", GetDatabaseEncodingName()),
                        errhint("CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.")));
    if (synckit::shared_state())
        synckit::note_extension_created();
    else
        ereport(WARNING,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("synckit is not preloaded: nothing will be published"),
                 errdetail("Everything else works."),
                 errhint("Add synckit to shared_preload_libraries and restart the server.")));
    PG_RETURN_VOID();
}
