#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "access/xlogdefs.h"
}

#include "bgworker/cursor.hpp"
#include "bgworker/redis_link.hpp"

/*
 * What is to be published: reads committed deltas that the cursor's snapshot does not show, in the
 * order in which they were merged.
 *
 * `xid` finds rows, `seq` orders them. A small batch is read at once and ends with the cursor moved
 * to the snapshot it was read with. A large one is a backlog: its snapshot is frozen and the rows
 * are worked off in the order of seq, so that memory stays bounded and progress can be saved in
 * between.
 */
namespace synckit {

/* What one read brought. */
struct Batch {
    size_t messages = 0; // that were handed to the link
    size_t rows = 0;     // rows that they stand for, foreign ones included
    bool found_any() const { return rows > 0; }
};

class Feed {
  public:
    explicit Feed(Cursor& cursor) : cursor_(cursor) {}

    /*
     * Reads the next batch and appends its messages; durable on return: its WAL is flushed. In a
     * transaction of its own, as the tables' owner.
     */
    Batch read(RedisLink& to);

    /* The batch has been accepted: moves the cursor behind it. */
    void accept(size_t messages);

    /* Forgets what was read but not accepted. */
    void reset();

    /* Deltas known to be unpublished, as of the last read that took a snapshot. */
    uint64 pending() const { return pending_; }
    bool took_snapshot() const { return took_snapshot_; }
    void count_pending();

  private:
    struct Key {
        uint64 xid;
        int64 seq;
    };

    void read_live(RedisLink& to, Batch& batch);
    void read_backlog(RedisLink& to, Batch& batch);
    void fill_window(const Snapshot& from, const Snapshot& until);
    uint64 count(const Snapshot& from, const Snapshot& until, const char* until_text,
                 int64 position);
    size_t append_rows(RedisLink& to, uint64 rows, int64& last_seq, Batch& batch);
    void set_next(const char* published_to, const char* publishing_to, int64 position,
                  uint64 pending);

    Cursor& cursor_;
    char* next_published_to_ = nullptr; // where accept() moves the cursor
    char* next_publishing_to_ = nullptr;
    int64 next_position_ = 0;
    uint64 next_pending_ = 0;
    uint64 pending_ = 0;
    bool took_snapshot_ = false;
    XLogRecPtr flush_to_ = 0;
    Key* window_ = nullptr; // of a backlog: the next rows, by seq
    size_t window_size_ = 0;
    size_t window_at_ = 0;
};

} // namespace synckit
