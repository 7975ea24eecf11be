#pragma once

#include "postgres/sql.hpp"

/* The row that the functions on documents return: docs/reference.md names its columns. */
namespace synckit {

#define SYNCKIT_SELECT_DOCUMENT                                                                    \
    "SELECT id, state, version, clock, lamport, created_at, updated_at FROM synckit.documents "

inline constexpr Oid document_row_types[] = {TEXTOID, JSONBOID,       INT8OID,       type_of_vclock,
                                             INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID};

/* By id. */
inline constexpr Oid document_id_types[] = {TEXTOID};
inline Statement document_statement(SYNCKIT_SELECT_DOCUMENT "WHERE id OPERATOR(pg_catalog.=) $1",
                                    document_id_types, document_row_types);

} // namespace synckit
