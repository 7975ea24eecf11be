#pragma once

#include "postgres/sql.hpp"

extern "C" {
#include "funcapi.h"
}

/*
 * How functions return rows: a set whole, in a tuplestore, which goes to disk when it grows.
 */
namespace synckit {

/* Of the one row that a function returns; in the current memory context. */
TupleDesc result_row_type(FunctionCallInfo fcinfo);

/* Where the rows go: setResult, with the descriptor setDesc. */
ReturnSetInfo* begin_result_set(FunctionCallInfo fcinfo);

/* Returns the rows of a statement. Opens SPI by itself. */
void return_rows(FunctionCallInfo fcinfo, Access, Statement&, const Datum* values,
                 const bool* nulls = nullptr);

} // namespace synckit
