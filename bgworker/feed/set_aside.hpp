#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/feed/subject.hpp"

/*
 * What could not be published: kept with its error in _synckit.set_aside, while the others go on.
 * There it is requeued until it was tried so often, and then when synckit_requeue() says so; the
 * rest is for an operator to read. Other queues call this a dead letter queue.
 *
 * For the worker, each in a transaction of its own, as itself.
 */
namespace synckit {

inline constexpr int most_tries = 3;

/* Keeps those that have an error, requeued. */
void set_aside(std::span<const Subject> subjects);

/* One that is to be published again. */
struct Requeued {
    int64 id; // of its row in _synckit.set_aside
    Subject subject;
};
/* The next one after this id that was not tried since. */
std::optional<Requeued> next_requeued(int64 after, TimestampTz since);
/* It was published. */
void forget_requeued(const Requeued&);
/* It has failed again. How often, if that was the last time; 0 if it stays requeued. */
int put_back_requeued(int64 id, const char* error);

} // namespace synckit
