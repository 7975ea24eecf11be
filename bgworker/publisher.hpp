#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/cursor.hpp"
#include "bgworker/feed.hpp"
#include "bgworker/redis_link.hpp"
#include "bgworker/shared.hpp"

/*
 * What the worker of a database does: reads what was committed, publishes it, remembers how far it
 * came.
 *
 * Read and commit; then publish; then save the cursor in a transaction of its own. Redis is never
 * waited for inside a transaction, and what Redis has not accepted is read again.
 *
 * A batch that comes to nothing twice over a connection that seemed good may hold a message that is
 * to blame. Then its rows are published one by one, and one that fails again and again, while Redis
 * accepts others, is set aside.
 */
namespace synckit {

class Publisher {
  public:
    explicit Publisher(DatabaseSlot& slot) : slot_(slot) {}

    [[noreturn]] void run();
    /* While the process exits: saves how far it came, unless somebody is in the way. */
    void save_at_end();

  private:
    bool ready();
    bool library_matches();
    bool owns_destination();
    void disown_destination();
    void looked_into();
    void say_refused(Oid by);
    void report(WorkerState state);
    void use_cursor();

    void publish();
    bool publish_batch();
    Batch read();
    bool give_up(const Batch& batch, bool sent);
    void set_aside_with_a_word(const Batch& batch, const char* refusal);
    bool publish_requeued();
    bool publish_epoch();

    bool ensure_connected();
    bool accepts_others();
    void redis_answers();
    void lost_redis();

    void look_around();
    void save();
    void save_if_due();
    void delete_broadcasts_if_due();
    void clean_up_if_due();
    void wait(long ms);

    DatabaseSlot& slot_;
    Cursor cursor_;
    Feed feed_{cursor_};
    RedisLink* link_ = nullptr;
    bool cursor_loaded_ = false;
    uint64 cursors_seen_ = 0;
    std::optional<uint64> requeues_seen_;
    bool unsaved_ = false;
    TimestampTz saved_at_ = 0;
    char* claimed_url_ = nullptr; // with these settings the channels are ours
    char* claimed_prefix_ = nullptr;
    Oid refused_by_ = InvalidOid;
    bool said_backlog_ = false;
    TimestampTz cleaned_up_at_ = 0;
    TimestampTz deleted_broadcasts_at_ = 0;

    long back_off_ms_ = 0;
    bool complained_ = false;       // of Redis, since it last accepted something
    int failures_ = 0;              // of batches, since one was accepted
    size_t rows_one_by_one_ = 0;    // so many are still to be read with care
    int tries_ = 0;                 // of the one that stands first
    TimestampTz said_aside_at_ = 0; // when something set aside was last worth a line in the log
};

} // namespace synckit
