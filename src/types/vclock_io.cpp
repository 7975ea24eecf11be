/* The SQL type vclock: its text and binary forms, and its casts. */
#include "types/arguments.hpp"

extern "C" {
#include "libpq/pqformat.h"
#include "utils/jsonb.h"
}

#include "clock/clock.hpp"

using namespace synckit;

SYNCKIT_FUNCTION(vclock_in)
{
    std::string_view text = PG_GETARG_CSTRING(0);
    ContextMemory memory(CurrentMemoryContext);
    Bytes value;
    CaughtError caught;
    if (!try_pure(caught, [&] { value = clock_from_text(text, memory); }))
        return raise_softly(fcinfo, caught);
    return value_datum(value);
}

SYNCKIT_FUNCTION(vclock_out)
{
    Argument clock(fcinfo, 0);
    ContextMemory memory(CurrentMemoryContext);
    std::string_view text;
    run_pure([&] { text = clock_to_text(ClockView(clock.bytes()), memory); });
    PG_RETURN_CSTRING(to_cstring(text));
}

SYNCKIT_FUNCTION(vclock_recv)
{
    auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int size = message->len - message->cursor;
    auto* bytes = reinterpret_cast<const uint8_t*>(pq_getmsgbytes(message, size));
    Bytes wire(bytes, static_cast<size_t>(size));
    return make_datum([&](Memory& memory) { return clock_from_wire(wire, memory); });
}

SYNCKIT_FUNCTION(vclock_send)
{
    Argument clock(fcinfo, 0);
    return make_datum(
        [&](Memory& memory) { return clock_to_wire(ClockView(clock.bytes()), memory); });
}

/* By way of the text, which is JSON: so the cast reads no more and no less than vclock_in does. */
SYNCKIT_FUNCTION(vclock_from_jsonb)
{
    Jsonb* json = PG_GETARG_JSONB_P(0);
    std::string_view text = JsonbToCString(nullptr, &json->root, static_cast<int>(VARSIZE(json)));
    return make_datum([&](Memory& memory) { return clock_from_text(text, memory); });
}

SYNCKIT_FUNCTION(vclock_to_jsonb)
{
    Datum text = DirectFunctionCall1(vclock_out, PG_GETARG_DATUM(0));
    return DirectFunctionCall1(jsonb_in, text);
}

/* For row_to_json() and its kin, which look for a cast to json and would else print a string. */
SYNCKIT_FUNCTION(vclock_to_json)
{
    Argument clock(fcinfo, 0);
    ContextMemory memory(CurrentMemoryContext);
    std::string_view text;
    run_pure([&] { text = clock_to_text(ClockView(clock.bytes()), memory); });
    PG_RETURN_DATUM(text_datum(text));
}
