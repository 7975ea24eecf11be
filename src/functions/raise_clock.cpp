#include "functions/raise_clock.hpp"

#include "base/error.hpp"

#include "postgres/settings.hpp"

#include "clock/clock_index.hpp"

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

} // namespace synckit
