#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "utils/uuid.h"
}

namespace synckit {

/* What a message stands for: a delta, found again in the log by xid and seq, or a broadcast. */
struct Subject {
    uint64 xid;
    int64 seq;
    int64 broadcast; // its id; 0: a delta
    pg_uuid_t id;    // these three of a delta that could be read
    int64 version;
    const char* document; // null: it could not
    const char* error;    // why it could not be published; null: it could, as far as is known
};

} // namespace synckit
