#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "commands/trigger.h"
#include "catalog/pg_type.h"
#include "storage/itemptr.h"
#include "utils/uuid.h"
}

/*
 * How our triggers on the user's tables tell rows that one of our functions has finished from those
 * that somebody writes by hand: the function names the rows that it is writing just now, in their
 * order. A mere flag would let through what a user's trigger writes in the meantime.
 */
namespace synckit {

/* The type of a column that is one of ours: it needs no check, no other has its values. */
inline constexpr Oid of_extension = InvalidOid;

/* A column as the function decided it: whoever changes it on the way undoes the merge. */
struct DecidedColumn {
    const char* name;
    size_t at; // among OwnRow::values
    Oid type;  // int8, xid8, text, jsonb; or of_extension

    bool is_by_value() const { return type == INT8OID || type == XID8OID; }
};

struct OwnRow {
    Datum key;               // id of the document (text), or of the delta (uuid)
    ItemPointerData place{}; // of the row that is changed or removed, if it is known
    const Datum* values = nullptr;
    const bool* nulls = nullptr; // none: no value is null
};

/* What one statement writes. */
struct OwnWrite {
    enum class Event { insert, update, remove };

    const char* table;
    Event event;
    std::span<const OwnRow> rows;
    std::span<const DecidedColumn> decided{};
};

/* A write that is under way: so many of its rows have met our BEFORE ROW trigger, and our AFTER ROW
 * trigger. */
struct OwnWriteProgress {
    const OwnWrite* write;
    size_t before;
    size_t after;
};
OwnWriteProgress current_own_write();
void set_current_own_write(OwnWriteProgress);

/* 27000 unless so many rows have met our BEFORE ROW trigger. */
void require_passed(const OwnWrite& write, uint64 written);

/* Runs the statement that writes those rows, and returns how many it has written. They are no
 * longer expected however it ends. */
template <class Body>
void run_own_write(const OwnWrite& write, Body body)
{
    OwnWriteProgress outer =
        current_own_write(); // a trigger may call our functions while one is at work
    PG_TRY();
    {
        set_current_own_write({&write, 0, 0});
        require_passed(write, body());
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
 * Whether the row is the next one that a function is writing, which has merged it already. A user's
 * BEFORE trigger has been there before us: what the function decided must still stand (27000).
 */
bool pass_own_write(TriggerData* trigger);

/* The same row, once it is written: by the AFTER ROW trigger. */
bool has_passed(TriggerData* trigger);

} // namespace synckit
