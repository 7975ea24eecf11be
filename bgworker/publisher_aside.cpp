/*
 * What cannot be published: set aside, so that the others go on, and tried again.
 */
#include "bgworker/process/interrupts.hpp"
#include "bgworker/process/steps.hpp"
#include "bgworker/publisher.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

constexpr int most_requeued = 100; // tried again at a time: others go in between
constexpr int64 log_pause_us = 10'000'000;

bool has_failed(const Subject& subject)
{
    return subject.error;
}

/* Not of each of many. */
bool may_speak(TimestampTz& said_at)
{
    TimestampTz now = GetCurrentTimestamp();
    if (now < said_at + log_pause_us)
        return false;
    said_at = now;
    return true;
}

} // namespace

/* How many these are. */
size_t Publisher::set_failures_aside(const Batch& batch)
{
    auto first = std::ranges::find_if(batch.subjects, has_failed);
    if (first == batch.subjects.end())
        return 0;
    at_step("to-be-set-aside");
    set_aside(batch.subjects);
    at_step("set-aside");
    record_error(slot_, first->error);
    if (retry_at_ == 0)
        retry_at_ = GetCurrentTimestamp() + retry_pause_us;
    return static_cast<size_t>(std::ranges::count_if(batch.subjects, has_failed));
}

/* What was set aside and is to be tried again, a part of it at a time. False if Redis has gone
 * meanwhile. */
bool Publisher::publish_requeued()
{
    if (!requeued_to_) {
        uint64 requeues = pg_atomic_read_u64(&slot_.requeues);
        TimestampTz now = GetCurrentTimestamp();
        bool due = retry_at_ != 0 && now >= retry_at_;
        if (requeues_seen_ == requeues && !due)
            return true;
        requeues_seen_ = requeues;
        requeued_since_ = now - retry_pause_us;
        requeued_to_ = 0;
        requeued_losses_ = 0;
        retry_at_ = due ? 0 : now + retry_pause_us; // for what is passed by now
    }
    for (int i = 0; i < most_requeued; ++i) {
        std::optional<Requeued> requeued = next_requeued(*requeued_to_, requeued_since_);
        if (!requeued) {
            requeued_to_.reset();
            return true;
        }
        serve_interrupts();
        if (requeued->id != *requeued_to_ + 1)
            requeued_losses_ = 0; // they were another one's
        requeued_to_ = requeued->id;
        if (!publish_again(*requeued)) {
            requeued_to_.reset();
            lost_redis();
            retry_at_ = GetCurrentTimestamp() + retry_pause_us; // first the others
            return false;
        }
        if (requeued_losses_ > 0) { // once more, after what waits meanwhile
            requeued_to_ = requeued->id - 1;
            return true;
        }
    }
    return true;
}

/* False if it is Redis that fails. A connection that ends is not yet a try: requeued_losses_ counts
 * it. */
bool Publisher::publish_again(const Requeued& requeued)
{
    Batch batch = feed_.read_again(*link_, requeued.subject);
    at_step("read-again");
    RedisLink::Outcome outcome =
        batch.messages > 0 ? link_->exchange() : RedisLink::Outcome::accepted;
    if (outcome != RedisLink::Outcome::accepted) {
        char error[256];
        feed_.note_refusals(link_->refusals());
        strlcpy(error, link_->error(), sizeof error);
        if (!accepts_others())
            return false;
        if (outcome == RedisLink::Outcome::lost && ++requeued_losses_ < losses_to_blame)
            return true;
        feed_.note_failure(error);
    }
    requeued_losses_ = 0;
    at_step("sent-again");
    auto failed = std::ranges::find_if(batch.subjects, has_failed);
    if (failed == batch.subjects.end()) {
        forget_requeued(requeued);
        if (batch.subjects.empty())
            say_gone();
        return true;
    }
    record_error(slot_, failed->error);
    if (int tries = put_back_requeued(requeued.id, failed->error); tries > 0)
        stays_aside(*failed, tries);
    else if (retry_at_ == 0)
        retry_at_ = GetCurrentTimestamp() + retry_pause_us;
    return true;
}

void Publisher::stays_aside(const Subject& subject, int tries)
{
    if (!may_speak(said_aside_at_))
        return;
    ereport(LOG, (errmsg("synckit: set aside what cannot be published: %s", subject.error),
                  subject.document
                      ? errdetail("It is version " INT64_FORMAT " of document \"%s\", tried %d "
                                  "times. What comes after it goes on.",
                                  subject.version, subject.document, tries)
                      : errdetail("It was tried %d times. What comes after it goes on.", tries),
                  errhint("_synckit.set_aside has all of it. Once the cause is gone, call "
                          "synckit_requeue().")));
}

void Publisher::say_gone()
{
    if (may_speak(said_gone_at_))
        ereport(LOG, (errmsg("synckit: what was set aside is never published"),
                      errdetail("The log does not hold it any more: it was cleaned up.")));
}

} // namespace synckit
