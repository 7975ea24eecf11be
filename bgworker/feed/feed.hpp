#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "access/xlogdefs.h"
}

#include "bgworker/feed/cursor.hpp"
#include "bgworker/feed/delta_row.hpp"
#include "bgworker/feed/owner_transaction.hpp"

/*
 * What is to be published: reads committed deltas, and broadcasts, that the cursor's snapshot does
 * not show, in the order in which they were merged.
 *
 * `xid` finds rows, `seq` orders them. A small batch is read at once and ends with the cursor moved
 * to the snapshot it was read with. A large one is a backlog: its snapshot is frozen and the rows
 * are worked off in the order of seq, so that memory stays bounded and progress can be saved in
 * between.
 */
namespace synckit {

/* What one read brought. */
struct Batch {
    size_t messages = 0; // PUBLISH commands appended to the protocol
    size_t rows = 0;     // rows that they stand for, foreign ones included
    size_t foreign = 0;
    size_t truncated = 0;
    /* In order, one a message, and those of which none could be made. Valid until the next read. */
    std::span<const Subject> subjects;
};

class Feed {
  public:
    explicit Feed(Cursor& cursor) : cursor_(cursor) {}

    /*
     * Reads the next batch, of so many rows at most (or more of the same seq, which stay together),
     * and adds its messages; durable on return: its WAL is flushed. In a transaction of its own, as
     * the tables' owner. A row of which no message can be made raises, or, with care, spoils no
     * other: its subject says what is wrong with it.
     */
    Batch read(RedisLink& to, size_t most, bool with_care);

    /* Reads what was published or set aside before, to publish it again; no rows if the log does
     * not hold it any more. Not to be accepted: the cursor stays. */
    Batch read_again(RedisLink& to, const Subject& subject);

    /* Redis has refused these messages of the batch: their subjects say so. */
    void note_refusals(const std::vector<RefusedMessage>& refusals);
    /* None of the batch was published, all for this reason where none is known. */
    void note_failure(const char* error);

    /* The batch has been accepted, or set aside: moves the cursor behind it. */
    void accept(size_t messages);

    /* Forgets what was read but not accepted. */
    void reset();
    /* The cursor is another one: forgets everything. */
    void start_over();

    /* Deltas known to be unpublished, as of the last read that took a snapshot. */
    uint64 pending() const { return pending_; }
    bool took_snapshot() const { return took_snapshot_; }
    void count_pending();

  private:
    struct Key {
        uint64 xid;
        int64 seq;
    };

    void read_live(OwnerTransaction& transaction, RedisLink& to, Batch& batch);
    bool read_live_broadcasts(OwnerTransaction& transaction, RedisLink& to, const Snapshot& from,
                              const Snapshot& now, int64& last_id, Batch& batch);
    void freeze(const char* snapshot);
    void read_backlog(OwnerTransaction& transaction, RedisLink& to, Batch& batch);
    bool read_broadcasts_behind(OwnerTransaction& transaction, RedisLink& to, Batch& batch);
    void fill_window(const Snapshot& from, const Snapshot& until);
    uint64 count(const Snapshot& from, const Snapshot& until, const char* until_text,
                 int64 position);
    template <class Row>
    size_t append_rows(RedisLink& to, uint64 rows, int64& last, Batch& batch);
    template <class Row>
    void append(RedisLink& to, const Row& row, Batch& batch);
    void make_room_for_subjects(uint64 rows);
    void forget_subjects();
    void set_next(const char* published_to, const char* publishing_to, int64 position,
                  int64 broadcast_position, uint64 pending);

    Cursor& cursor_;
    size_t most_ = 0; // of the batch that is being read, as with_care_
    bool with_care_ = false;
    MemoryContext subject_context_ = nullptr;
    Subject* subjects_ = nullptr;
    size_t subject_count_ = 0;
    char* next_published_to_ = nullptr; // where accept() moves the cursor
    char* next_publishing_to_ = nullptr;
    int64 next_position_ = 0;
    int64 next_broadcast_position_ = 0;
    uint64 next_pending_ = 0;
    uint64 pending_ = 0;
    bool took_snapshot_ = false;
    XLogRecPtr flush_to_ = 0;
    Key* window_ = nullptr; // of a backlog: the next rows, by seq
    size_t window_size_ = 0;
    size_t window_at_ = 0;
    bool deltas_done_ = false; // of a backlog: its broadcasts are left
};

} // namespace synckit
