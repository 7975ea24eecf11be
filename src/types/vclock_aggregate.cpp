/*
 * vclock_agg(client_id, clock_value): rows to a clock. The entries are gathered, and sorted into
 * the clock when they have become as many as it has: so the time does not grow with the square of
 * the rows, nor the memory with rows of the same clients.
 *
 * The aggregates of clocks, vclock_merge(vclock) and vclock_meet(vclock), need no more than the
 * functions of the same names.
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

Gathering* begin(FunctionCallInfo fcinfo)
{
    MemoryContext context;
    if (!AggCheckCallContext(fcinfo, &context))
        elog(ERROR, "vclock_agg: called outside of an aggregate");
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

/* Joins a clock into the one gathered so far. */
template <class Make>
void join(Gathering* gathering, Make make)
{
    ContextMemory passing(gathering->passing);
    Bytes clock = datum_bytes(gathering->clock), joined;
    run_pure([&] { joined = clock_merge(ClockView(clock), ClockView(make(passing)), passing); });
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

} // namespace
} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(vclock_agg_transition)
{
    Gathering* gathering = argument(fcinfo, 0);
    if (PG_ARGISNULL(1) || PG_ARGISNULL(2)) { // as the strict aggregates do
        if (!gathering)
            PG_RETURN_NULL();
        PG_RETURN_POINTER(gathering);
    }
    if (!gathering)
        gathering = begin(fcinfo);
    Argument client(fcinfo, 1);
    ContextMemory memory(gathering->passing);
    run_pure([&] {
        ClockEntry entry{ClientId::from_text(client.text()), check_counter(PG_GETARG_INT64(2))};
        if (!entry.client.is_uuid()) { // what it refers to does not outlive this call
            std::string_view id = entry.client.plain();
            auto* copy = static_cast<char*>(memory.allocate(id.size(), 1));
            std::memcpy(copy, id.data(), id.size());
            entry.client = ClientId::from_plain({copy, id.size()});
        }
        gathering->entries[gathering->count++] = entry;
    });
    client.free();
    if (gathering->count == gathering->limit)
        sort_in(gathering);
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
        to = begin(fcinfo);
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
    Gathering* gathering = begin(fcinfo);
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
