/*
 * The SQL type vclock: how two clocks stand to each other. The partial order of causality, the
 * total order that extends it for b-trees, and hashes.
 */
#include "types/arguments.hpp"

extern "C" {
#include "common/hashfn.h"
}

#include "clock/clock.hpp"

namespace synckit {
namespace {

Causality causality(FunctionCallInfo fcinfo)
{
    Argument a(fcinfo, 0), b(fcinfo, 1);
    Causality causality = Causality::equal;
    run_pure([&] { causality = clock_compare(ClockView(a.bytes()), ClockView(b.bytes())); });
    a.free();
    b.free();
    return causality;
}

int total_order(FunctionCallInfo fcinfo)
{
    Argument a(fcinfo, 0), b(fcinfo, 1);
    int order = 0;
    run_pure([&] { order = clock_order(ClockView(a.bytes()), ClockView(b.bytes())); });
    a.free();
    b.free();
    return order;
}

/* Equal clocks are equal bytes, whatever header Postgres puts before them. */
bool are_equal(FunctionCallInfo fcinfo)
{
    Argument a(fcinfo, 0), b(fcinfo, 1);
    bool equal = a.text() == b.text();
    a.free();
    b.free();
    return equal;
}

} // namespace
} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(vclock_compare)
{
    PG_RETURN_DATUM(text_datum(to_text(causality(fcinfo))));
}

SYNCKIT_FUNCTION(vclock_before)
{
    PG_RETURN_BOOL(causality(fcinfo) == Causality::before);
}

SYNCKIT_FUNCTION(vclock_before_or_equal)
{
    Causality found = causality(fcinfo);
    PG_RETURN_BOOL(found == Causality::before || found == Causality::equal);
}

SYNCKIT_FUNCTION(vclock_after)
{
    PG_RETURN_BOOL(causality(fcinfo) == Causality::after);
}

SYNCKIT_FUNCTION(vclock_after_or_equal)
{
    Causality found = causality(fcinfo);
    PG_RETURN_BOOL(found == Causality::after || found == Causality::equal);
}

SYNCKIT_FUNCTION(vclock_concurrent)
{
    PG_RETURN_BOOL(causality(fcinfo) == Causality::concurrent);
}

SYNCKIT_FUNCTION(vclock_eq)
{
    PG_RETURN_BOOL(are_equal(fcinfo));
}

SYNCKIT_FUNCTION(vclock_ne)
{
    PG_RETURN_BOOL(!are_equal(fcinfo));
}

SYNCKIT_FUNCTION(vclock_lt)
{
    PG_RETURN_BOOL(total_order(fcinfo) < 0);
}

SYNCKIT_FUNCTION(vclock_le)
{
    PG_RETURN_BOOL(total_order(fcinfo) <= 0);
}

SYNCKIT_FUNCTION(vclock_gt)
{
    PG_RETURN_BOOL(total_order(fcinfo) > 0);
}

SYNCKIT_FUNCTION(vclock_ge)
{
    PG_RETURN_BOOL(total_order(fcinfo) >= 0);
}

SYNCKIT_FUNCTION(vclock_cmp)
{
    PG_RETURN_INT32(total_order(fcinfo));
}

SYNCKIT_FUNCTION(vclock_hash)
{
    Argument clock(fcinfo, 0);
    Datum hash = hash_any(clock.bytes().data(), static_cast<int>(clock.bytes().size()));
    clock.free();
    return hash;
}

SYNCKIT_FUNCTION(vclock_hash_extended)
{
    Argument clock(fcinfo, 0);
    Datum hash = hash_any_extended(clock.bytes().data(), static_cast<int>(clock.bytes().size()),
                                   static_cast<uint64>(PG_GETARG_INT64(1)));
    clock.free();
    return hash;
}
