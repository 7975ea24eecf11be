#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/feed/cursor.hpp"
#include "bgworker/feed/subject.hpp"
#include "postgres/sql.hpp"
#include "bgworker/redis/redis_link.hpp"

/*
 * Broadcasts waiting in _synckit.broadcasts. The cursor that says which deltas are published says
 * it of them as well: a broadcast follows the deltas that were committed with it or before it. Rows
 * are deleted after they were published, some time.
 *
 * All of this within a transaction, as the worker itself.
 */
namespace synckit {

/* A row of SPI_tuptable that one of the statements below has brought. */
class BroadcastRow {
  public:
    explicit BroadcastRow(uint64 row) : row_(row) {}

    static int64 order_of(uint64 row) { return DatumGetInt64(column(row, 2)); } // its id

    uint64 xid() const;
    int64 order() const { return order_of(row_); }
    bool is_foreign() const { return false; }
    void identify(Subject&) const;
    /* Appends PUBLISH of its message; 54000 if that is longer than synckit.max_message_bytes. */
    bool append(RedisLink& to, int64 epoch) const; // false: never truncated

  private:
    uint64 row_;
};

/* Whether there can be any: without a look into the table where nobody ever sent one. */
bool may_have_broadcasts();

/* What the first snapshot does not show and the second does, at most `limit`, in no order. */
uint64 find_live_broadcasts(const Snapshot& from, const Snapshot& until, int64 limit);
/* The same, behind a position and in order. */
uint64 find_broadcasts_behind(const char* from, const char* until, int64 position, int64 limit);
uint64 find_broadcast(int64 id);

/* Deletes what every snapshot from this one on shows as published, but for what is set aside. In a
 * transaction of its own. */
void delete_published_broadcasts(const char* published_to);

/* For synckit_cleanup(), within SPI: deletes what was sent before, and is shown by the snapshot or
 * is not waited for (null). Switches to the extension's owner. */
void delete_old_broadcasts(const char* published_to, TimestampTz before);

} // namespace synckit
