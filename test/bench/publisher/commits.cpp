#include "commits.hpp"

#include <cstdio>

#include "control.hpp"
#include "writers.hpp"

namespace synckit::bench {
namespace {

constexpr double more_than_any = 100'000; // commits a second
constexpr double part = 0.8;

double measure(const char* side, double rate, double seconds)
{
    Load load;
    load.statement = "SELECT version FROM synckit_apply_delta($1, $2, 'set', 'number', $3::jsonb)";
    load.rate = rate;
    load.count = static_cast<size_t>(rate * seconds);
    load.first_serial = 0;
    const double came = write(load).rate;
    std::printf("%s,%.1f\n", side, came);
    return came;
}

} // namespace

void measure_commits(const CommitOptions& options)
{
    PublisherControl publisher;
    publisher.turn_off();
    const double rate = part * measure("maximum", more_than_any, options.seconds);
    for (int turn = 0; turn < options.turns; ++turn) {
        publisher.turn_off();
        measure("paused", rate, options.seconds);
        publisher.turn_on();
        measure("on", rate, options.seconds);
    }
}

} // namespace synckit::bench
