#include "bgworker/feed/oldest_known_xid.hpp"

extern "C" {
#include "access/transam.h"
#include "storage/lwlock.h"
}

namespace synckit {

uint64 oldest_known_xid()
{
#if PG_VERSION_NUM >= 170000
    const auto* shared = TransamVariables;
#else
    const auto* shared = ShmemVariableCache;
#endif
    LWLockAcquire(XactTruncationLock, LW_SHARED);
    TransactionId oldest = shared->oldestClogXid;
    LWLockRelease(XactTruncationLock);
    FullTransactionId next = ReadNextFullTransactionId();
    return U64FromFullTransactionId(next) - (XidFromFullTransactionId(next) - oldest);
}

} // namespace synckit
