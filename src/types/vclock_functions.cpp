/* The SQL type vclock: functions on clocks and their entries. */
#include "types/arguments.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
}

#include "clock/clock.hpp"

namespace synckit {
namespace {

Counter counter_of_argument(FunctionCallInfo fcinfo)
{
    Argument clock(fcinfo, 0), client(fcinfo, 1);
    Counter counter = 0;
    run_pure([&] {
        if (std::optional<ClientId> id = ClientId::find(client.text()))
            counter = clock_get(ClockView(clock.bytes()), *id);
    });
    clock.free();
    client.free();
    return counter;
}

/* The elements of a one-dimensional array. */
struct Elements {
    Datum* values;
    int count;
};

Elements elements(ArrayType* array, const char* what, Oid type, int16 size, bool by_value,
                  char align)
{
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                        errmsg("the array of %s must have one dimension", what),
                        errdetail("It has %d.", ARR_NDIM(array))));
    if (array_contains_nulls(array))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("the array of %s must not contain nulls", what)));
    Elements out{};
    deconstruct_array(array, type, size, by_value, align, &out.values, nullptr, &out.count);
    return out;
}

} // namespace
} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(vclock_get)
{
    PG_RETURN_INT64(counter_of_argument(fcinfo));
}

SYNCKIT_FUNCTION(vclock_has)
{
    PG_RETURN_BOOL(counter_of_argument(fcinfo) > 0);
}

SYNCKIT_FUNCTION(vclock_size)
{
    Argument clock(fcinfo, 0);
    uint32_t size = 0;
    run_pure([&] { size = ClockView(clock.bytes()).size(); });
    clock.free();
    PG_RETURN_INT32(static_cast<int32>(size));
}

SYNCKIT_FUNCTION(vclock_tick)
{
    Argument clock(fcinfo, 0), client(fcinfo, 1);
    Counter by = PG_GETARG_INT64(2);
    return make_datum({clock}, [&](Memory& memory) {
        return clock_tick(ClockView(clock.bytes()), ClientId::from_text(client.text()), by, memory);
    });
}

SYNCKIT_FUNCTION(vclock_advance)
{
    Argument clock(fcinfo, 0), client(fcinfo, 1);
    Counter to = PG_GETARG_INT64(2);
    return make_datum({clock}, [&](Memory& memory) {
        return clock_advance(ClockView(clock.bytes()), ClientId::from_text(client.text()), to,
                             memory);
    });
}

SYNCKIT_FUNCTION(vclock_forget)
{
    Argument clock(fcinfo, 0), client(fcinfo, 1);
    return make_datum({clock}, [&](Memory& memory) {
        std::optional<ClientId> id = ClientId::find(client.text());
        return id ? clock_forget(ClockView(clock.bytes()), *id, memory) : clock.bytes();
    });
}

SYNCKIT_FUNCTION(vclock_merge)
{
    Argument a(fcinfo, 0), b(fcinfo, 1);
    return make_datum({a, b}, [&](Memory& memory) {
        return clock_merge(ClockView(a.bytes()), ClockView(b.bytes()), memory);
    });
}

SYNCKIT_FUNCTION(vclock_meet)
{
    Argument a(fcinfo, 0), b(fcinfo, 1);
    return make_datum({a, b}, [&](Memory& memory) {
        return clock_meet(ClockView(a.bytes()), ClockView(b.bytes()), memory);
    });
}

SYNCKIT_FUNCTION(vclock_entries)
{
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    Argument argument(fcinfo, 0);
    ClockView clock;
    run_pure([&] { clock = ClockView(argument.bytes()); });
    for (ClockCursor at(clock); !at.done(); at.next()) {
        ClockEntry entry = at.entry();
        char buffer[uuid_text_size];
        Datum values[] = {text_datum(entry.client.text(buffer)), Int64GetDatum(entry.counter)};
        bool nulls[] = {false, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        pfree(DatumGetPointer(values[0]));
        CHECK_FOR_INTERRUPTS();
    }
    return Datum(0);
}

SYNCKIT_FUNCTION(vclock_build)
{
    Elements clients =
        elements(PG_GETARG_ARRAYTYPE_P(0), "clients", TEXTOID, -1, false, TYPALIGN_INT);
    Elements counters = elements(PG_GETARG_ARRAYTYPE_P(1), "counters", INT8OID, sizeof(int64),
                                 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
    if (clients.count != counters.count)
        ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                        errmsg("the arrays must be of the same length"),
                        errdetail("There are %d clients and %d counters.", clients.count,
                                  counters.count)));
    auto count = static_cast<size_t>(clients.count);
    /* Unpacked out here: inside run_pure nothing may jump. */
    auto* ids = static_cast<std::string_view*>(palloc(count * sizeof(std::string_view)));
    for (size_t i = 0; i < count; ++i)
        ids[i] = datum_text(clients.values[i]);
    return make_datum([&](Memory& memory) {
        std::pmr::vector<ClockEntry> entries(&memory);
        entries.reserve(count);
        for (size_t i = 0; i < count; ++i)
            entries.push_back(
                {ClientId::from_text(ids[i]), check_counter(DatumGetInt64(counters.values[i]))});
        return make_clock(entries, memory);
    });
}
