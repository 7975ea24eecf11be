#pragma once

#include "base/memory.hpp"
#include "clock/clock.hpp"
#include "document/ticks.hpp"

/* Raising a document's clock by hand: no delta, no version. Within run_pure(). */
namespace synckit {

/* An entry may be raised as far as a delta's number may be (22003). */
void check_raise(const ClockView& from, const ClockView& to, Ticks lamport, Ticks now, Memory&);

/* 22023 if an entry would be lower than it was, or gone. */
void check_not_lowered(const ClockView& from, const ClockView& to);

} // namespace synckit
