#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrivals.hpp"

namespace synckit::bench {

/* What writers do: one prepared statement a delta. */
struct Load {
    std::string statement; // $1 document, $2 client, $3 the serial number, $4 text if `text` is set
    size_t text_bytes = 0; // $4: {"value":serial,…} of so many bytes; 0: there is none
    double rate;           // statements a second, over all writers
    size_t count;
    int64_t first_serial;
};

struct Written {
    std::vector<Clock::time_point> started;  // of each statement, by serial number; or never
    std::vector<Clock::time_point> finished; // when its writer had the answer
    size_t count;                            // of those that were
    double rate;                             // that came about
};

/*
 * Runs the load on many connections at once, on documents of which each is rarely written by two.
 * A statement whose time has come while its connection was busy starts late; it is not counted from
 * when it was due. Where the server cannot keep up, what has not been started by the end never is.
 * Throws std::runtime_error with what the server said.
 */
Written write(const Load& load);

} // namespace synckit::bench
