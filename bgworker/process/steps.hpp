#pragma once

namespace synckit {

/*
 * Where a test may end the worker in the middle of its work: in builds with STEPS=1 only, of others
 * nothing remains. A file "synckit.step" in the data directory that holds "NAME ACTION" makes the
 * first process that comes to the step NAME remove it, and then be told to end (term), fail
 * (error), or be killed (kill), with which the server crashes.
 */
#ifdef SYNCKIT_STEPS
void at_step(const char* name);
#else
inline void at_step(const char*) {}
#endif

} // namespace synckit
