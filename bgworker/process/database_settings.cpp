#include "bgworker/process/database_settings.hpp"

#include "postgres/bridge.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_db_role_setting.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace synckit {

namespace {

/* Of "name=value" texts, those that are ours. */
uint64 mark_of(Datum settings)
{
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(settings), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    uint64 mark = 0;
    for (int i = 0; i < count; ++i) {
        std::string_view setting = datum_text(elements[i]);
        if (setting.starts_with("synckit."))
            mark = hash_bytes_extended(reinterpret_cast<const unsigned char*>(setting.data()),
                                       static_cast<int>(setting.size()), mark + 1);
    }
    return mark;
}

} // namespace

uint64 database_settings_mark()
{
    uint64 mark = 0;
    Relation relation = table_open(DbRoleSettingRelationId, AccessShareLock);
    /* As Postgres looks them up for a worker, which is the bootstrap superuser. */
    for (Oid database : {MyDatabaseId, InvalidOid})
        for (Oid role : {Oid{BOOTSTRAP_SUPERUSERID}, InvalidOid}) {
            ScanKeyData keys[2];
            ScanKeyInit(&keys[0], Anum_pg_db_role_setting_setdatabase, BTEqualStrategyNumber,
                        F_OIDEQ, ObjectIdGetDatum(database));
            ScanKeyInit(&keys[1], Anum_pg_db_role_setting_setrole, BTEqualStrategyNumber, F_OIDEQ,
                        ObjectIdGetDatum(role));
            SysScanDesc scan = systable_beginscan(relation, DbRoleSettingDatidRolidIndexId, true,
                                                  nullptr, 2, keys);
            if (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple)) {
                bool null;
                Datum settings = heap_getattr(tuple, Anum_pg_db_role_setting_setconfig,
                                              RelationGetDescr(relation), &null);
                if (!null)
                    mark = hash_combine64(mark, mark_of(settings));
            }
            systable_endscan(scan);
        }
    table_close(relation, AccessShareLock);
    return mark;
}

} // namespace synckit
