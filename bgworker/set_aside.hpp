#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/subject.hpp"

/*
 * What could not be published, however often it was tried: kept with its error in
 * _synckit.set_aside, for an operator to read, while the others go on. synckit_requeue() gives it
 * another chance. Other queues call this a dead letter queue.
 *
 * For the worker, each in a transaction of its own, as itself.
 */
namespace synckit {

/* Keeps them; the reason for each is its own error, or else the given one. */
void set_aside(std::span<const Subject> subjects, const char* refusal, int tries);

/* One that is to be published again. */
struct Requeued {
    int64 id; // of its row in _synckit.set_aside
    Subject subject;
};
/* The next one after this id. */
std::optional<Requeued> next_requeued(int64 after);
/* It was published. */
void forget_requeued(const Requeued&);
/* It has failed again: stays set aside. */
void put_back_requeued(int64 id, const char* error);

} // namespace synckit
