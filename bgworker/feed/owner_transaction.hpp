#pragma once

#include "postgres/postgres.hpp"

namespace synckit {

/*
 * A transaction of the worker on the user's tables, within SPI, as their owner: who gains nothing
 * of the worker's rights by a function in a policy, an index predicate or a trigger, or by a view
 * put in the table's place. A setting that such a function changes is taken back at the end.
 */
class OwnerTransaction {
  public:
    /* Repeatable and read-only. */
    void begin_reading();
    void begin_writing();
    void end();

    /* Runs the body with the worker's own rights, in the same transaction and snapshot: for the
     * extension's own tables, and nothing else. */
    template <class Body>
    void as_worker(Body body)
    {
        Oid owner;
        int owner_context;
        GetUserIdAndSecContext(&owner, &owner_context);
        SetUserIdAndSecContext(user_, context_);
        body();
        SetUserIdAndSecContext(owner, owner_context);
    }

  private:
    void begin();

    Oid user_;
    int context_;
    int settings_level_;
};

} // namespace synckit
