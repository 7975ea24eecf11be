#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/feed/cursor.hpp"
#include "bgworker/feed/feed.hpp"
#include "bgworker/redis/redis_link.hpp"
#include "bgworker/feed/set_aside.hpp"
#include "bgworker/process/shared.hpp"

/*
 * What the worker of a database does: reads what was committed, publishes it, remembers how far it
 * came.
 *
 * Read and commit; then publish; then save the cursor in a transaction of its own. Redis is never
 * waited for inside a transaction, and what Redis has not accepted is read again.
 *
 * A message that Redis refuses while it accepts others, or of which none can be made, is set aside
 * and tried again later, and the others go on. One that ends the connection is told from a Redis
 * that has gone by what comes next: after a lost connection one message goes alone, then two, then
 * four, and one that goes alone and ends several connections in a row, while Redis accepts another
 * message in between, is it.
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
    void forget_claim();
    void looked_into();
    void say_refused(Oid by);
    void report(WorkerState state);
    bool use_cursor();

    bool publish();
    bool publish_batch();
    Batch read();
    bool send(const Batch& batch);
    bool is_to_blame(const Batch& batch);
    size_t set_failures_aside(const Batch& batch);
    bool publish_requeued();
    bool publish_again(const Requeued& requeued);
    void stays_aside(const Subject& subject, int tries);
    void say_gone();
    bool publish_epoch();

    bool ensure_connected();
    bool accepts_others();
    void redis_answers();
    void lost_redis();

    void look_around_if_due();
    void save();
    void save_if_due();
    void delete_broadcasts_if_due();
    void clean_up_if_due();
    void wait(long ms);

    static constexpr size_t full_pace = 1'000'000; // no limit: synckit.publish_batch holds
    /* So often in a row a message must end the connection, while Redis accepts others, to be blamed
     * for it: a proxy that restarts, or an operator, ends several in a row, too. */
    static constexpr int losses_to_blame = 5;
    /* What was set aside is tried again after so long. */
    static constexpr int64 retry_pause_us = 1'000'000;

    DatabaseSlot& slot_;
    Cursor cursor_;
    Feed feed_{cursor_};
    RedisLink* link_ = nullptr;
    bool cursor_loaded_ = false;
    uint64 cursors_seen_ = 0;
    std::optional<uint64> requeues_seen_;
    std::optional<int64> requeued_to_; // while those that are requeued are gone through: their id
    int requeued_losses_ = 0;          // so often the one at hand has ended the connection
    TimestampTz requeued_since_ = 0;   // what was tried since then waits for the next time,
    TimestampTz retry_at_ = 0;         // which is then; 0: none is due
    bool unsaved_ = false;
    TimestampTz saved_at_ = 0;
    char* claimed_url_ = nullptr; // with these settings the channels are ours
    char* claimed_prefix_ = nullptr;
    Oid refused_by_ = InvalidOid;
    bool said_backlog_ = false;
    char said_address_[300] = "";
    TimestampTz looked_around_at_ = 0;
    TimestampTz cleaned_up_at_ = 0;
    TimestampTz deleted_broadcasts_at_ = 0;

    long back_off_ms_ = 0;
    bool away_ = false;             // Redis has accepted nothing since it was lost,
    bool complained_ = false;       // which the log says,
    TimestampTz complained_at_ = 0; // with these settings last at this time
    size_t pace_ = full_pace;       // so many rows at a time: few after a lost connection
    bool took_another_ = false;     // Redis took a message after it refused the whole batch
    int lone_losses_ = 0;           // so often the next message, alone, has ended the connection
    TimestampTz said_aside_at_ = 0; // when something set aside was last worth a line in the log,
    TimestampTz said_gone_at_ = 0;  // and when one that the log does not hold any more
};

} // namespace synckit
