#pragma once

#include <cstddef>
#include <string>

namespace synckit::bench {

struct DrainOptions {
    std::string redis_url;
    size_t deltas;
    std::string payload_path; // where one message is written, for another side to publish
};

/*
 * Writes deltas while the publisher is paused, then tells it to publish; twice, the second time
 * while a transaction holds an xid. Prints a line each: side, the messages a second until Redis has
 * counted as many PUBLISH commands. Throws if it counts too few.
 */
void measure_drain(const DrainOptions&);

} // namespace synckit::bench
