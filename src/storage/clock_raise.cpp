#include "storage/clock_raise.hpp"

#include "storage/pending_merges.hpp"

#include "postgres/settings.hpp"

extern "C" {
#include "utils/timestamp.h"
}

#include "clock/clock_index.hpp"
#include "document/ticks.hpp"
#include "postgres/sqlstates.hpp"

namespace synckit {

void check_raise(const ClockView& from, const ClockView& to, Ticks lamport, Ticks now,
                 Memory& memory)
{
    ClockIndex stored(from, memory);
    for (ClockCursor at(to); !at.done(); at.next()) {
        ClockEntry entry = at.entry();
        Counter before = stored.get(entry.client);
        Counter limit;
        if (__builtin_add_overflow(std::max({before, lamport, now}),
                                   Counter{settings::max_clock_step}, &limit))
            limit = max_counter;
        if (entry.counter > before && entry.counter > limit) {
            char buffer[uuid_text_size];
            throw Error(sqlstate::numeric_value_out_of_range, "clock value out of range",
                        "The entry of client \"" + std::string(entry.client.text(buffer)) +
                            "\" may be raised to " + std::to_string(limit) + " at most.",
                        "A client's counter may run ahead by synckit.max_clock_step at most.");
        }
    }
}

void check_not_lowered(const ClockView& from, const ClockView& to)
{
    Causality order = clock_compare(from, to);
    if (order == Causality::after || order == Causality::concurrent)
        throw Error(sqlstate::invalid_parameter_value, "a document's clock cannot be lowered",
                    "An entry of the new clock is below the one that is there.",
                    "Merge instead: clock | '{\"client\": 7}'.");
}

void lock_document(DocumentRows& rows, Datum id, DocumentRow& row)
{
    refuse_pending_merge(id);
    if (!rows.lock_existing(id, row))
        ereport(ERROR, (errcode(ERRCODE_SYNCKIT_NO_DOCUMENT),
                        errmsg("document \"%s\" does not exist", TextDatumGetCString(id)),
                        errdetail("It never did, or it was deleted."),
                        errhint("A document is created by its first delta.")));
}

Bytes raise_clock(DocumentRows& rows, Datum id, const DocumentRow& row, Bytes given,
                  ContextMemory& memory)
{
    Bytes merged;
    run_pure([&] {
        ClockView stored(row.clock), clock(given);
        check_raise(stored, clock, row.lamport, ticks_of(GetCurrentTimestamp()), memory);
        merged = clock_merge(stored, clock, memory);
    });
    if (!std::ranges::equal(merged, row.clock))
        rows.raise_clock(id, row, merged);
    return merged;
}

} // namespace synckit
