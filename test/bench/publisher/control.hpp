#pragma once

#include <string>

#include "cli/postgres.hpp"

namespace synckit::bench {

/* What the publisher puts before the names of its channels, by default. */
inline const std::string channel_prefix = "synckit:";

/*
 * Turns the publisher of a database on and off, as a superuser of it: PGHOST, PGDATABASE and so on
 * say which. Its methods throw PostgresError, and std::runtime_error where the publisher does not
 * come to what is asked of it within a minute.
 */
class PublisherControl {
  public:
    PublisherControl() : database_("") {}

    /* Returns when it publishes and has nothing left to publish. */
    void turn_on();
    /* Returns when it is paused. */
    void turn_off();
    /* Tells it to publish, and returns at once. */
    void tell_to_publish();
    void await_drained();

    /* What its process has had of the processors so far, in seconds (/proc/PID/schedstat). */
    double processor_seconds();

    PostgresConnection& database() { return database_; }

  private:
    void set(const char* value);
    void await(const char* state);

    PostgresConnection database_;
};

/* A transaction that holds an xid from here to its end: meanwhile no dead row can be removed. */
class HeldTransaction {
  public:
    HeldTransaction() : connection_("")
    {
        connection_.query("BEGIN");
        connection_.query("SELECT pg_current_xact_id()");
    }

  private:
    PostgresConnection connection_;
};

} // namespace synckit::bench
