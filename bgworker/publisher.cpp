#include "bgworker/publisher.hpp"

#include "bgworker/feed/broadcasts.hpp"
#include "bgworker/housekeeping.hpp"
#include "bgworker/process/steps.hpp"
#include "bgworker/process/wait.hpp"
#include "bgworker/process/wait_events.hpp"
#include "bgworker/process/interrupts.hpp"
#include "postgres/settings.hpp"
#include "postgres/unix_time.hpp"

extern "C" {
#include "access/xact.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
}

#include "message/message.hpp"

namespace synckit {

namespace {

constexpr long save_interval_ms = 100; // at most so often the cursor is saved
constexpr long first_back_off_ms = 100;
constexpr long longest_back_off_ms = 5000;
/* After a batch of several rows a pause, so that a busy server pays per batch and not per commit.
 */
constexpr size_t busy_rows = 4;
constexpr long busy_pause_ms = 1;
/* A Redis that comes and goes is worth a line in the log so often. */
constexpr int64 complaint_pause_us = 10'000'000;
/* How often broadcasts that were published are deleted. */
constexpr int64 broadcasts_interval_us = 10'000'000;

/* The error being handled, which aborts its transaction. */
void forget_error()
{
    MemoryContextSwitchTo(TopMemoryContext);
    AbortCurrentTransaction();
    FlushErrorState();
}

} // namespace

bool Publisher::ensure_connected()
{
    /* A Redis that goes while there is nothing to publish is noticed at the next tick. */
    bool current = link_->is_current();
    if (link_->connected() && current && link_->check())
        return true;
    if (!current)
        complained_at_ = 0; // what was said is of other settings
    if (link_->connect())
        return true;
    lost_redis();
    return false;
}

/* It has accepted something, or there is nothing that it could refuse. */
void Publisher::redis_answers()
{
    if (complained_)
        ereport(LOG, (errmsg("synckit: publishing to Redis at %s again", link_->address())));
    away_ = complained_ = false;
    back_off_ms_ = 0;
    report(WorkerState::publishing);
}

/* Says so once an outage, and waits: twice as long each time, up to a cap. */
void Publisher::lost_redis()
{
    feed_.reset();
    link_->close(); // where a message was refused, it stands still
    report(WorkerState::connecting);
    record_error(slot_, link_->error());
    if (!away_)
        pg_atomic_fetch_add_u64(&slot_.outages, 1);
    away_ = true;
    TimestampTz now = GetCurrentTimestamp();
    bool due = !complained_ && now >= complained_at_ + complaint_pause_us;
    if (complained_at_ == 0 || due) {
        complained_ = true;
        complained_at_ = now;
        ereport(LOG, (errmsg("synckit: cannot publish to Redis at %s: %s", link_->address(),
                             link_->error()),
                      errdetail("Deltas wait in the log; it is tried again until it succeeds."),
                      link_->hint()[0] ? errhint("%s", link_->hint()) : 0));
    }
    if (unsaved_) // Redis may be away for long, and cleanup goes by what is saved
        save();
    back_off_ms_ =
        back_off_ms_ == 0 ? first_back_off_ms : Min(back_off_ms_ * 2, longest_back_off_ms);
    wait(back_off_ms_);
}

/* On the channel of broadcasts. Said again it does no harm: a receiver knows it already. */
bool Publisher::publish_epoch()
{
    int64 now_ms = unix_us(GetCurrentTimestamp()) / 1000;
    run_pure([&] {
        HeapMemory memory;
        std::pmr::string channel(&memory), message(&memory);
        append_broadcast_channel(channel, settings::channel_prefix);
        append_epoch_message(message, cursor_.epoch, now_ms);
        link_->publish(channel, message);
    });
    return link_->exchange() == RedisLink::Outcome::accepted;
}

/* Whether Redis, having failed a message, takes another one: then it is the message. Over a new
 * connection, where it has ended the old one, be it only now: after its answer. */
bool Publisher::accepts_others()
{
    return (link_->connected() || link_->connect()) && publish_epoch();
}

/* One turn. False if nothing is left to do: the latch tells of what comes. */
bool Publisher::publish()
{
    ResetLatch(MyLatch);
    serve_interrupts();
    look_around_if_due();
    if (!ready())
        return false;
    if (!ensure_connected())
        return true;
    if (cursor_.new_epoch) {
        if (!publish_epoch()) {
            lost_redis();
            return true;
        }
        at_step("epoch-announced");
        cursor_.new_epoch = false;
        unsaved_ = true;
    }
    if (!away_) // else when Redis has accepted something: to be let in is not enough
        report(WorkerState::publishing);
    return !publish_requeued() || publish_batch() || requeued_to_;
}

/* False if nothing is left as of the moment when it looked. */
bool Publisher::publish_batch()
{
    bool was_away = away_; // nobody wakes us then, see worker_listens()
    uint64 written = pg_atomic_read_u64(&slot_.written);
    TimestampTz looked_at = GetCurrentTimestamp();
    Batch batch = read();
    if (batch.rows > 0)
        at_step(cursor_.publishing_to ? "read-of-a-backlog" : "read");
    if (feed_.took_snapshot()) {
        pg_atomic_write_u64(&slot_.written_mark, written);
        pg_atomic_write_u64(&slot_.pending, feed_.pending());
    }
    if (!send(batch))
        return true;
    redis_answers();
    size_t failed = set_failures_aside(batch);
    feed_.accept(batch.subjects.size() - failed);
    pg_atomic_fetch_add_u64(&slot_.foreign, static_cast<int64>(batch.foreign));
    pg_atomic_fetch_add_u64(&slot_.truncated, static_cast<int64>(batch.truncated));
    pg_atomic_write_u64(&slot_.pending, feed_.pending());
    pg_atomic_write_u64(&slot_.published, static_cast<uint64>(cursor_.published));
    if (feed_.pending() == 0 && !cursor_.publishing_to) {
        LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
        slot_.caught_up_at = looked_at;
        LWLockRelease(shared_lock());
    }
    unsaved_ |= batch.rows > 0;
    if (batch.rows > 0)
        at_step("accepted");
    save_if_due();
    if (cursor_.publishing_to || !cursor_loaded_ || was_away)
        return true;
    /* Not by the latch alone: Postgres resets it as well, where it waits for a lock. */
    if (batch.rows < busy_rows)
        return pg_atomic_read_u64(&slot_.written) != written;
    wait(busy_pause_ms);
    return true;
}

/* Of an error among many rows nobody knows which is to blame: they are read again with care. What
 * fails even so is not one row's fault. */
Batch Publisher::read()
{
    static Batch batch; // an error must not leave it in registers
    size_t most = Min(pace_, static_cast<size_t>(settings::publish_batch));
    PG_TRY();
    {
        batch = feed_.read(*link_, most, false);
    }
    PG_CATCH();
    {
        if (geterrcode() == ERRCODE_QUERY_CANCELED)
            PG_RE_THROW();
        forget_error();
        link_->discard();
        batch = feed_.read(*link_, most, true);
    }
    PG_END_TRY();
    return batch;
}

/* False if it is to be tried again; else subjects say what has failed and is not to hold up the
 * others. */
bool Publisher::send(const Batch& batch)
{
    RedisLink::Outcome outcome =
        batch.messages > 0 ? link_->exchange() : RedisLink::Outcome::accepted;
    if (batch.rows > 0)
        at_step("sent");
    if (outcome == RedisLink::Outcome::lost) {
        bool alone = pace_ == 1;
        pace_ = 1;
        took_another_ = false;
        char error[256];
        feed_.note_refusals(link_->refusals());
        strlcpy(error, link_->error(), sizeof error);
        if (!alone || !accepts_others()) {
            lost_redis();
            return false;
        }
        if (++lone_losses_ < losses_to_blame) {
            feed_.reset();
            return false;
        }
        lone_losses_ = 0;
        feed_.note_failure(error);
        return true;
    }
    lone_losses_ = 0;
    if (outcome == RedisLink::Outcome::refused && !is_to_blame(batch))
        return false;
    took_another_ = false;
    if (batch.messages > 0)
        pace_ = Min(pace_ * 2, full_pace);
    return true;
}

/*
 * Whether what was refused is to be set aside: Redis refused it while it accepted others. What it
 * accepted before says nothing, it may have begun to refuse everything since; what it accepts
 * behind it does. A batch that is refused as a whole is sent once more after that, since Redis may
 * have refused everything until then. If not, Redis is lost, or the batch is to be read again.
 */
bool Publisher::is_to_blame(const Batch& batch)
{
    const auto& refusals = link_->refusals();
    bool whole = refusals.size() == batch.messages;
    bool took_one_behind = refusals.back().message + 1 < batch.messages;
    feed_.note_refusals(refusals);
    if (took_one_behind || (whole && took_another_))
        return true;
    if (!accepts_others()) {
        took_another_ = false;
        lost_redis();
        return false;
    }
    if (!whole)
        return true;
    took_another_ = true;
    feed_.reset();
    return false;
}

void Publisher::save()
{
    switch (save_cursor(cursor_)) {
    case Saved::replaced: // migrate, or somebody else, has written another one: start from that
        cursor_loaded_ = false;
        [[fallthrough]];
    case Saved::yes:
        unsaved_ = false;
        break;
    case Saved::locked:
        break;
    }
    at_step("saved");
    saved_at_ = GetCurrentTimestamp();
}

void Publisher::save_at_end()
{
    MemoryContextSwitchTo(TopMemoryContext);
    AbortOutOfAnyTransaction();
    if (unsaved_ && cursor_loaded_)
        save();
}

void Publisher::save_if_due()
{
    if (unsaved_ && GetCurrentTimestamp() >= saved_at_ + save_interval_ms * 1000)
        save();
}

void Publisher::delete_broadcasts_if_due()
{
    TimestampTz now = GetCurrentTimestamp();
    if (unsaved_ || !cursor_loaded_ || now < deleted_broadcasts_at_ + broadcasts_interval_us)
        return;
    deleted_broadcasts_at_ = now;
    delete_published_broadcasts(cursor_.published_to);
}

/* One piece at a time: publishing goes on in between. */
void Publisher::clean_up_if_due()
{
    delete_broadcasts_if_due();
    if (settings::cleanup_interval_s == 0 || !cursor_loaded_)
        return;
    TimestampTz now = GetCurrentTimestamp();
    if (now < cleaned_up_at_ + int64{settings::cleanup_interval_s} * 1'000'000)
        return;
    if (clean_up())
        SetLatch(MyLatch);
    else
        cleaned_up_at_ = now;
}

/* Waits so long whatever happens, but serves what must be served. */
void Publisher::wait(long ms)
{
    TimestampTz until = in_ms(ms);
    for (long left = ms; left > 0; left = ms_until(until)) {
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(left, tick_ms),
                  wait_event(WaitFor::redis_back_off));
        ResetLatch(MyLatch);
        serve_interrupts();
    }
}

/* For what a COMMIT PREPARED may have brought, which wakes nobody; deltas are looked for anyway. */
void Publisher::look_around_if_due()
{
    TimestampTz now = GetCurrentTimestamp();
    if (unsaved_ || now < looked_around_at_ + tick_ms * 1000)
        return;
    looked_around_at_ = now;
    requeues_seen_.reset();
    if (cursor_loaded_ && !is_current(cursor_))
        cursor_loaded_ = false;
}

void Publisher::run()
{
    link_ = RedisLink::create();
    cleaned_up_at_ = GetCurrentTimestamp();
    for (;;) {
        if (!publish())
            WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                      unsaved_ ? save_interval_ms : tick_ms, wait_event(WaitFor::work));
        save_if_due();
        clean_up_if_due();
    }
}

} // namespace synckit
