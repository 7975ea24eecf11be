#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/*
 * The schema that is imported, if it has the tables of a SyncKit server in TypeScript: 22004,
 * 22023, 3F000, 42P01 or 42703 if not.
 */
class ImportSource {
  public:
    ImportSource(const char* schema, Oid extension_schema);

    const char* schema() const { return schema_; }

    /* Whether it has times without time zone, which are read in the session's. */
    bool has_local_times() const { return has_local_times_; }

    /* The statement with the names of the schemas, quoted, in their places. */
    char* fill_in(const char* sql) const;

  private:
    void check_tables(Oid schema);

    const char* schema_;
    Oid extension_schema_;
    bool has_local_times_ = false;
};

} // namespace synckit
