#include "clock/clock.hpp"

#include <algorithm>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

/* Calls visit(client, a's counter, b's counter) for every client of either clock, a section after
 * the other. */
template <class Visit>
void walk_both(const ClockView& a, const ClockView& b, Visit visit)
{
    auto walk_section = [&](ClockSection mine, ClockSection theirs) {
        while (!mine.done() || !theirs.done()) {
            int order = mine.done() ? 1 : theirs.done() ? -1 : mine.compare(theirs);
            visit(order <= 0 ? mine : theirs, order <= 0 ? mine.counter() : 0,
                  order >= 0 ? theirs.counter() : 0);
            if (order <= 0)
                mine.next();
            if (order >= 0)
                theirs.next();
        }
    };
    walk_section(ClockSection::uuids(a), ClockSection::uuids(b));
    walk_section(ClockSection::texts(a), ClockSection::texts(b));
}

bool same_clients(const ClockView& a, const ClockView& b)
{
    return std::ranges::equal(a.client_block(), b.client_block());
}

template <class T>
void maximum(const uint8_t* a, const uint8_t* b, uint8_t* out, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        T x = load<T>(a + i * sizeof(T)), y = load<T>(b + i * sizeof(T));
        store<T>(out + i * sizeof(T), x > y ? x : y);
    }
}

/* Clocks of the same clients and of the same width: copy what names the clients, take the greater
 * counters. */
Bytes merge_same_shape(const ClockView& a, const ClockView& b, Memory& memory)
{
    std::span<uint8_t> out = memory.make_value(a.bytes().size());
    size_t head = static_cast<size_t>(a.counters() - a.bytes().data());
    std::memcpy(out.data(), a.bytes().data(), head);
    uint8_t* to = out.data() + head;
    switch (a.width()) {
    case 1:
        maximum<uint8_t>(a.counters(), b.counters(), to, a.size());
        break;
    case 2:
        maximum<uint16_t>(a.counters(), b.counters(), to, a.size());
        break;
    case 4:
        maximum<uint32_t>(a.counters(), b.counters(), to, a.size());
        break;
    default:
        maximum<uint64_t>(a.counters(), b.counters(), to, a.size());
    }
    return out;
}

/* Combines two clocks entry by entry. */
template <class Choose>
Bytes combine(const ClockView& a, const ClockView& b, Memory& memory, Choose choose)
{
    std::pmr::vector<ClockEntry> entries(&memory);
    entries.reserve(size_t{a.size()} + b.size());
    walk_both(a, b, [&](const ClockSection& at, Counter mine, Counter theirs) {
        if (Counter chosen = choose(mine, theirs))
            entries.push_back({at.client(), chosen});
    });
    return make_clock(entries, memory);
}

} // namespace

const char* to_text(Causality causality)
{
    switch (causality) {
    case Causality::equal:
        return "equal";
    case Causality::before:
        return "before";
    case Causality::after:
        return "after";
    case Causality::concurrent:
        return "concurrent";
    }
    return "";
}

Counter clock_get(const ClockView& clock, const ClientId& client)
{
    if (client.is_uuid()) {
        uint32_t low = 0, high = clock.uuids();
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            int order = std::memcmp(clock.uuid(middle), client.uuid(), uuid_size);
            if (order == 0)
                return clock.counter(middle);
            order < 0 ? low = middle + 1 : high = middle;
        }
        return 0;
    }
    for (ClockSection at = ClockSection::texts(clock); !at.done(); at.next()) {
        int order = at.client().plain().compare(client.plain());
        if (order == 0)
            return at.counter();
        if (order > 0)
            break;
    }
    return 0;
}

Bytes clock_set(const ClockView& clock, const ClientId& client, Counter counter, Memory& memory)
{
    std::pmr::vector<ClockEntry> entries(&memory);
    entries.reserve(size_t{clock.size()} + 1);
    auto take = [&](ClockSection section) {
        for (; !section.done(); section.next()) {
            ClientId id = section.client();
            if (id.is_uuid() != client.is_uuid() || !(id == client))
                entries.push_back({id, section.counter()});
        }
    };
    take(ClockSection::uuids(clock));
    take(ClockSection::texts(clock));
    entries.push_back({client, counter});
    return make_clock(entries, memory);
}

Bytes clock_tick(const ClockView& clock, const ClientId& client, Counter by, Memory& memory)
{
    if (by < 1)
        throw Error(sqlstate::invalid_parameter_value, "a clock is raised by at least 1",
                    "The step is " + std::to_string(by) + ".", "A clock never goes back.");
    Counter now = clock_get(clock, client);
    if (now > max_counter - by)
        throw Error(sqlstate::numeric_value_out_of_range, "vclock counter out of range",
                    "The counter is " + std::to_string(now) + ", the step " + std::to_string(by) +
                        "; a counter ends at 9223372036854775807.");
    return clock_set(clock, client, now + by, memory);
}

Bytes clock_merge(const ClockView& a, const ClockView& b, Memory& memory)
{
    if (a.width() == b.width() && same_clients(a, b))
        return merge_same_shape(a, b, memory);
    return combine(a, b, memory, [](Counter x, Counter y) { return std::max(x, y); });
}

Bytes clock_meet(const ClockView& a, const ClockView& b, Memory& memory)
{
    return combine(a, b, memory, [](Counter x, Counter y) { return std::min(x, y); });
}

Causality clock_compare(const ClockView& a, const ClockView& b)
{
    bool a_ahead = false, b_ahead = false;
    walk_both(a, b, [&](const ClockSection&, Counter mine, Counter theirs) {
        a_ahead |= mine > theirs;
        b_ahead |= theirs > mine;
    });
    if (a_ahead)
        return b_ahead ? Causality::concurrent : Causality::after;
    return b_ahead ? Causality::before : Causality::equal;
}

} // namespace synckit
