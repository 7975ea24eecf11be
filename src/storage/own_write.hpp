#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "commands/trigger.h"
#include "utils/uuid.h"
}

/*
 * How our triggers on the user's tables tell a row that one of our functions has finished from one
 * that somebody writes by hand: the function names the one row that it is writing just now. A mere
 * flag would let through what a user's trigger writes in the meantime.
 */
namespace synckit {

/* A column as the function decided it: whoever changes it on the way undoes the merge. */
struct DecidedColumn {
    const char* name;
    Datum value;
    bool is_bigint; // else a varlena
};

/* For a row whose version is read by the statement that writes it. */
inline constexpr int64_t any_version = -1;

struct OwnWrite {
    enum class Event { insert, update, remove };

    const char* table;
    Event event;
    Datum key;       // id of the document (text), or of the delta (uuid)
    int64_t version; // of documents and tombstones
    std::span<const DecidedColumn> decided{};
};

/* The row that is being written by a function: until our BEFORE trigger has met it, then until our
 * AFTER trigger has. */
struct OwnWriteMark {
    const OwnWrite* before;
    const OwnWrite* after;
};
OwnWriteMark current_own_write();
void set_current_own_write(OwnWriteMark);

/* Runs what writes that row. The mark falls however the statement ends. */
template <class Body>
void run_own_write(const OwnWrite& row, Body body)
{
    OwnWriteMark outer =
        current_own_write(); // a trigger may call our functions while one is at work
    PG_TRY();
    {
        set_current_own_write({&row, nullptr});
        body();
    }
    PG_FINALLY();
    {
        set_current_own_write(outer);
    }
    PG_END_TRY();
}

/* For our triggers. */
OwnWrite::Event event_of(TriggerEvent event);

/*
 * Whether the row is the one that a function is writing just now, which has merged it already. A
 * user's BEFORE trigger has been there before us: what the function decided must still stand
 * (27000).
 */
bool pass_own_write(TriggerData* trigger);

/* The same row, once it is written: by the AFTER ROW trigger. */
bool has_passed(TriggerData* trigger);

} // namespace synckit
