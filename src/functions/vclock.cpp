/*
 * The SQL type vclock: docs/reference.md describes each function for its users, src/clock/ does the
 * work.
 */
#include "postgres/bridge.hpp"

extern "C" {
#include "libpq/pqformat.h"
}

#include "clock/clock.hpp"

namespace synckit {
namespace {

ContextMemory here()
{
    return ContextMemory(CurrentMemoryContext);
}

/* Runs a function that makes a value, or returns the bytes of one of the arguments. */
template <class Make>
Datum make_value_datum(Make make, Bytes a = {}, Datum a_datum = 0, Bytes b = {}, Datum b_datum = 0)
{
    ContextMemory memory = here();
    Bytes value;
    run_pure([&] { value = make(memory); });
    if (value.data() == a.data())
        return a_datum;
    if (value.data() == b.data())
        return b_datum;
    return value_datum(value);
}

} // namespace
} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(vclock_in)
{
    std::string_view text = PG_GETARG_CSTRING(0);
    return make_value_datum([&](Memory& memory) { return clock_from_text(text, memory); });
}

SYNCKIT_FUNCTION(vclock_out)
{
    Bytes clock = datum_bytes(PG_GETARG_DATUM(0));
    ContextMemory memory = here();
    std::string_view text;
    run_pure([&] { text = clock_to_text(ClockView(clock), memory); });
    PG_RETURN_CSTRING(to_cstring(text));
}

SYNCKIT_FUNCTION(vclock_recv)
{
    auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int size = message->len - message->cursor;
    auto* bytes = reinterpret_cast<const uint8_t*>(pq_getmsgbytes(message, size));
    Bytes wire(bytes, static_cast<size_t>(size));
    return make_value_datum([&](Memory& memory) { return clock_from_wire(wire, memory); });
}

SYNCKIT_FUNCTION(vclock_send)
{
    Bytes clock = datum_bytes(PG_GETARG_DATUM(0));
    return make_value_datum(
        [&](Memory& memory) { return clock_to_wire(ClockView(clock), memory); });
}

SYNCKIT_FUNCTION(vclock_get)
{
    Bytes clock = datum_bytes(PG_GETARG_DATUM(0));
    std::string_view client = datum_text(PG_GETARG_DATUM(1));
    Counter counter = 0;
    run_pure([&] { counter = clock_get(ClockView(clock), ClientId::from_text(client)); });
    PG_RETURN_INT64(counter);
}

SYNCKIT_FUNCTION(vclock_tick)
{
    Bytes clock = datum_bytes(PG_GETARG_DATUM(0));
    std::string_view client = datum_text(PG_GETARG_DATUM(1));
    Counter by = PG_GETARG_INT64(2);
    return make_value_datum([&](Memory& memory) {
        return clock_tick(ClockView(clock), ClientId::from_text(client), by, memory);
    });
}

SYNCKIT_FUNCTION(vclock_merge)
{
    Bytes a = datum_bytes(PG_GETARG_DATUM(0));
    Bytes b = datum_bytes(PG_GETARG_DATUM(1));
    return make_value_datum(
        [&](Memory& memory) { return clock_merge(ClockView(a), ClockView(b), memory); }, a,
        PG_GETARG_DATUM(0), b, PG_GETARG_DATUM(1));
}

SYNCKIT_FUNCTION(vclock_compare)
{
    Bytes a = datum_bytes(PG_GETARG_DATUM(0));
    Bytes b = datum_bytes(PG_GETARG_DATUM(1));
    Causality causality = Causality::equal;
    run_pure([&] { causality = clock_compare(ClockView(a), ClockView(b)); });
    PG_RETURN_DATUM(text_datum(to_text(causality)));
}

SYNCKIT_FUNCTION(vclock_eq)
{
    std::string_view a = datum_text(PG_GETARG_DATUM(0));
    std::string_view b = datum_text(PG_GETARG_DATUM(1));
    PG_RETURN_BOOL(a == b);
}
