#include "storage/hidden_deltas.hpp"

#include "postgres/bridge.hpp"
#include "postgres/catalog.hpp"
#include "storage/document_rows.hpp"
#include "storage/key_lookup.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"
}

namespace synckit {

std::span<Uuid> recorded_under_policies(Datum ids)
{
    Oid deltas = require_table("deltas");
    if (check_enable_rls(deltas, InvalidOid, true) != RLS_ENABLED)
        return {};
    Datum* elements;
    int count;
    deconstruct_array(DatumGetArrayTypeP(ids), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements,
                      nullptr, &count);
    auto found = make_array<Uuid>(static_cast<size_t>(count));
    size_t found_count = 0;
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    KeyLookup lookup("deltas", UUIDOID);
    for (int i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (lookup.exists(elements[i], snapshot))
            std::memcpy(found[found_count++].data(), DatumGetUUIDP(elements[i])->data, UUID_LEN);
    }
    lookup.close();
    UnregisterSnapshot(snapshot);
    return found.first(found_count);
}

} // namespace synckit
