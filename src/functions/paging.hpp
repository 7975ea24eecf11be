#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/* Raises 22023 for a "limit" or "offset" below 0. NULL is none, as in SQL. */
inline void check_page(FunctionCallInfo fcinfo, int argument, const char* name)
{
    if (!PG_ARGISNULL(argument) && PG_GETARG_INT32(argument) < 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be negative", name),
                 errdetail("It is %d.", PG_GETARG_INT32(argument)),
                 errhint("NULL stands for no %s.", name)));
}

} // namespace synckit
