/* Reading and changing one entry of a clock. */
#include <algorithm>

#include "base/error.hpp"
#include "clock/clock.hpp"
#include "clock/writer.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

/* Where the entry of a client stands, or would stand. */
struct Place {
    bool found = false;
    uint32_t index = 0;     // in its section
    size_t text_offset = 0; // of the first text that is not below it
};

Place find_uuid(const ClockView& clock, const uint8_t* uuid)
{
    uint32_t low = 0, high = clock.uuids();
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_uuids(clock.uuid(middle), uuid);
        if (order == 0)
            return {true, middle};
        order < 0 ? low = middle + 1 : high = middle;
    }
    return {false, low};
}

Place find(const ClockView& clock, const ClientId& client)
{
    if (client.is_uuid())
        return find_uuid(clock, client.uuid());
    TextCursor at(clock);
    for (; !at.done(); at.next()) {
        int order = at.text().compare(client.plain());
        if (order >= 0)
            return {order == 0, at.index(), at.offset()};
    }
    return {false, at.index(), at.offset()};
}

/* In stored order over both sections. */
uint32_t counter_index(const ClockView& clock, const ClientId& client, const Place& place)
{
    return client.is_uuid() ? place.index : clock.uuids() + place.index;
}

/* The clients of a clock with one of them taken out, or a new one put in, at its place. */
void write_clients(ClockWriter& writer, const ClockView& clock, const ClientId& client,
                   const Place& place)
{
    size_t out = place.found ? 1 : 0;
    uint32_t uuids = client.is_uuid() ? place.index : clock.uuids();
    writer.add_uuids(clock.uuid(0), uuids);
    if (client.is_uuid()) {
        if (!place.found)
            writer.add_uuids(client.uuid(), 1);
        size_t next = uuids + out;
        writer.add_uuids(clock.uuid(0) + next * uuid_size, clock.uuids() - next);
        writer.add_texts(clock.text_lengths(), clock.texts(), clock.text_bytes());
        return;
    }
    writer.add_texts(clock.text_lengths(), place.index,
                     clock.text_bytes().substr(0, place.text_offset));
    if (!place.found)
        writer.add_client(client);
    size_t next = place.index + out;
    writer.add_texts(
        clock.text_lengths() + next, clock.texts() - next,
        clock.text_bytes().substr(place.text_offset + (place.found ? client.plain().size() : 0)));
}

/* The clock with this counter, which is above the entry's. */
Bytes raise(const ClockView& clock, const ClientId& client, const Place& place, Counter counter,
            Memory& memory)
{
    unsigned width = std::max(clock.width(), width_for(static_cast<uint64_t>(counter)));
    uint32_t index = counter_index(clock, client, place);
    if (place.found && width == clock.width()) {
        std::span<uint8_t> value = memory.make_value(clock.bytes().size());
        std::memcpy(value.data(), clock.bytes().data(), value.size());
        uint8_t* counters = value.data() + (clock.counters().at - clock.bytes().data());
        store_width(counters + size_t{index} * width, static_cast<uint64_t>(counter), width);
        return value;
    }
    uint32_t next = index + (place.found ? 1 : 0);
    bool new_uuid = !place.found && client.is_uuid();
    bool new_text = !place.found && !client.is_uuid();
    ClockWriter writer(clock.uuids() + size_t{new_uuid}, clock.texts() + size_t{new_text},
                       clock.text_bytes().size() + (new_text ? client.plain().size() : 0), width,
                       memory);
    if (place.found) {
        writer.add_uuids(clock.uuid(0), clock.uuids());
        writer.add_texts(clock.text_lengths(), clock.texts(), clock.text_bytes());
    } else {
        write_clients(writer, clock, client, place);
    }
    writer.add_counters(clock.counters(), index);
    writer.add_counter(counter);
    writer.add_counters(clock.counters().from(next), clock.size() - next);
    return writer.value();
}

} // namespace

Counter check_counter(Counter counter)
{
    if (counter < 0)
        throw Error(sqlstate::numeric_value_out_of_range, "vclock counter out of range",
                    "The counter is " + std::to_string(counter) + ".",
                    "A counter has 0 to 9223372036854775807.");
    return counter;
}

Counter clock_get(const ClockView& clock, const ClientId& client)
{
    Place place = find(clock, client);
    return place.found ? clock.counter(counter_index(clock, client, place)) : 0;
}

Bytes clock_tick(const ClockView& clock, const ClientId& client, Counter by, Memory& memory)
{
    if (by < 1)
        throw Error(sqlstate::invalid_parameter_value, "a clock is raised by at least 1",
                    "The step is " + std::to_string(by) + ".", "A clock never goes back.");
    Place place = find(clock, client);
    Counter now = place.found ? clock.counter(counter_index(clock, client, place)) : 0;
    if (now > max_counter - by)
        throw Error(sqlstate::numeric_value_out_of_range, "vclock counter out of range",
                    "The counter is " + std::to_string(now) + ", the step " + std::to_string(by) +
                        "; a counter ends at 9223372036854775807.");
    return raise(clock, client, place, now + by, memory);
}

Bytes clock_advance(const ClockView& clock, const ClientId& client, Counter counter, Memory& memory)
{
    check_counter(counter);
    Place place = find(clock, client);
    Counter now = place.found ? clock.counter(counter_index(clock, client, place)) : 0;
    return counter > now ? raise(clock, client, place, counter, memory) : clock.bytes();
}

Bytes clock_forget(const ClockView& clock, const ClientId& client, Memory& memory)
{
    Place place = find(clock, client);
    if (!place.found)
        return clock.bytes();
    uint32_t index = counter_index(clock, client, place);
    Counters before = clock.counters(), after = before.from(index + 1);
    size_t left = clock.size() - index - 1;
    Counter most = std::max(greatest(before, index), greatest(after, left));
    ClockWriter writer(clock.uuids() - size_t{client.is_uuid()},
                       clock.texts() - size_t{!client.is_uuid()},
                       clock.text_bytes().size() - (client.is_uuid() ? 0 : client.plain().size()),
                       width_for(static_cast<uint64_t>(most)), memory);
    write_clients(writer, clock, client, place);
    writer.add_counters(before, index);
    writer.add_counters(after, left);
    return writer.value();
}

} // namespace synckit
