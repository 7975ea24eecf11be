#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

namespace synckit {

/*
 * Runs the body in a subtransaction. If it raises, what it did is undone and the message of the
 * error is returned, in the given memory context; else null. A query that was cancelled is raised
 * on.
 */
template <class Body>
const char* run_in_subtransaction(MemoryContext context, Body body)
{
    MemoryContext before = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    const char* volatile error = nullptr;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(before);
    PG_TRY();
    {
        body();
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData* raised = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        if (raised->sqlerrcode == ERRCODE_QUERY_CANCELED)
            ReThrowError(raised);
        error = raised->message;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(before);
    CurrentResourceOwner = owner;
    return error;
}

} // namespace synckit
