/*
 * The aggregates vclock_agg(client_id, clock_value) and vclock_merge(vclock): rows, or clocks, to a
 * clock. Entries are gathered, and sorted into the clock when they have become as many as it has:
 * so the time does not grow with the square of the rows, nor the memory with rows of the same
 * clients. A clock that is not small beside the one gathered is merged at once, which costs little
 * more than looking at it.
 *
 * vclock_meet(vclock) only shrinks, and needs no more than the function of that name.
 */
#include "types/arguments.hpp"

#include "clock/clock.hpp"

namespace synckit {
namespace {

constexpr size_t least_gathered = 256;

struct Gathering {
    MemoryContext lasting; // of clock
    MemoryContext passing; // of the entries
    Datum clock;
    ClockEntry* entries;
    size_t count;
    size_t limit;
};

void begin_entries(Gathering* gathering, size_t limit)
{
    MemoryContextReset(gathering->passing);
    gathering->limit = limit;
    gathering->count = 0;
    gathering->entries = static_cast<ClockEntry*>(
        MemoryContextAllocHuge(gathering->passing, limit * sizeof(ClockEntry)));
}

MemoryContext aggregate_context(FunctionCallInfo fcinfo)
{
    MemoryContext context;
    if (!AggCheckCallContext(fcinfo, &context))
        elog(ERROR, "called outside of an aggregate");
    return context;
}

Gathering* begin(MemoryContext context)
{
    MemoryContext lasting = AllocSetContextCreate(context, "vclock_agg", ALLOCSET_DEFAULT_SIZES);
    auto* gathering = static_cast<Gathering*>(MemoryContextAlloc(lasting, sizeof(Gathering)));
    gathering->lasting = lasting;
    gathering->passing =
        AllocSetContextCreate(lasting, "vclock_agg entries", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(lasting);
    gathering->clock = copy_value(ClockView().bytes());
    MemoryContextSwitchTo(caller);
    begin_entries(gathering, least_gathered);
    return gathering;
}

/* Joins a clock into the one gathered so far; on the way in the caller's memory, which lasts for a
 * row. */
template <class Make>
void join(Gathering* gathering, Make make)
{
    ContextMemory memory(CurrentMemoryContext);
    Bytes clock = datum_bytes(gathering->clock), joined;
    run_pure([&] { joined = clock_merge(ClockView(clock), ClockView(make(memory)), memory); });
    if (joined.data() != clock.data()) {
        MemoryContext caller = MemoryContextSwitchTo(gathering->lasting);
        Datum copied = copy_value(joined);
        MemoryContextSwitchTo(caller);
        pfree(DatumGetPointer(gathering->clock));
        gathering->clock = copied;
    }
}

void sort_in(Gathering* gathering)
{
    if (gathering->count == 0)
        return;
    join(gathering, [&](Memory& memory) {
        return make_clock({gathering->entries, gathering->count}, memory);
    });
    uint32_t size = 0;
    run_pure([&] { size = ClockView(datum_bytes(gathering->clock)).size(); });
    begin_entries(gathering, std::max(least_gathered, size_t{size}));
}

Gathering* argument(FunctionCallInfo fcinfo, int n)
{
    return PG_ARGISNULL(n) ? nullptr : reinterpret_cast<Gathering*>(PG_GETARG_POINTER(n));
}

Gathering* argument_or_begin(FunctionCallInfo fcinfo)
{
    Gathering* gathering = argument(fcinfo, 0);
    return gathering ? gathering : begin(aggregate_context(fcinfo));
}

/* Where something is null, the row is skipped, as strict aggregates do. */
Datum skip(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Within run_pure(). What the entry refers to does not outlive this call. */
void gather(Gathering* gathering, ClockEntry entry, Memory& memory)
{
    if (!entry.client.is_uuid()) {
        std::string_view id = entry.client.plain();
        auto* copy = static_cast<char*>(memory.allocate(id.size(), 1));
        std::memcpy(copy, id.data(), id.size());
        entry.client = ClientId::from_plain({copy, id.size()});
    }
    gathering->entries[gathering->count++] = entry;
}

} // namespace
} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(vclock_agg_transition)
{
    if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
        return skip(fcinfo);
    Gathering* gathering = argument_or_begin(fcinfo);
    Argument client(fcinfo, 1);
    ContextMemory memory(gathering->passing);
    run_pure([&] {
        gather(gathering, {ClientId::from_text(client.text()), check_counter(PG_GETARG_INT64(2))},
               memory);
    });
    client.free();
    if (gathering->count == gathering->limit)
        sort_in(gathering);
    PG_RETURN_POINTER(gathering);
}

SYNCKIT_FUNCTION(vclock_merge_transition)
{
    if (PG_ARGISNULL(1))
        return skip(fcinfo);
    Gathering* gathering = argument_or_begin(fcinfo);
    Argument argument(fcinfo, 1);
    ClockView clock;
    uint32_t size = 0;
    run_pure([&] {
        clock = ClockView(argument.bytes());
        size = ClockView(datum_bytes(gathering->clock)).size();
    });
    constexpr uint32_t small = 8; // of so much a part
    if (clock.size() >= size / small) {
        join(gathering, [&](Memory&) { return clock.bytes(); });
    } else {
        if (clock.size() > gathering->limit - gathering->count)
            sort_in(gathering);
        ContextMemory memory(gathering->passing);
        run_pure([&] {
            for (UuidCursor at(clock); !at.done(); at.next())
                gather(gathering, {at.client(), at.counter()}, memory);
            for (TextCursor at(clock); !at.done(); at.next())
                gather(gathering, {at.client(), at.counter()}, memory);
        });
    }
    argument.free();
    PG_RETURN_POINTER(gathering);
}

SYNCKIT_FUNCTION(vclock_agg_combine)
{
    Gathering* to = argument(fcinfo, 0);
    Gathering* from = argument(fcinfo, 1);
    if (!from) {
        if (!to)
            PG_RETURN_NULL();
        PG_RETURN_POINTER(to);
    }
    if (!to)
        to = begin(aggregate_context(fcinfo));
    sort_in(from);
    sort_in(to);
    join(to, [&](Memory&) { return datum_bytes(from->clock); });
    PG_RETURN_POINTER(to);
}

SYNCKIT_FUNCTION(vclock_agg_serialize)
{
    Gathering* gathering = argument(fcinfo, 0);
    sort_in(gathering);
    return copy_value(datum_bytes(gathering->clock));
}

SYNCKIT_FUNCTION(vclock_agg_deserialize)
{
    Argument clock(fcinfo, 0);
    Gathering* gathering = begin(CurrentMemoryContext); // it is combined with another, and done
    join(gathering, [&](Memory&) { return clock.bytes(); });
    PG_RETURN_POINTER(gathering);
}

SYNCKIT_FUNCTION(vclock_agg_final)
{
    Gathering* gathering = argument(fcinfo, 0);
    if (!gathering)
        PG_RETURN_NULL();
    sort_in(gathering);
    return copy_value(datum_bytes(gathering->clock));
}
