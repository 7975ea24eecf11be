#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/* A row of synckit_schema_status(). */
struct SchemaStatus {
    int version;    // 0: no tables
    bool current;   // nothing is wrong
    Datum problems; // text[]
};

/* Looks at the catalog, not only at the number. */
SchemaStatus schema_status();

} // namespace synckit
