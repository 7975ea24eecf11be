#include "commits.hpp"

#include <cstdio>

#include "control.hpp"
#include "writers.hpp"

namespace synckit::bench {
namespace {

constexpr double more_than_any = 100'000; // commits a second
constexpr double part = 0.8;

/* Each turn begins alike: a log that has grown past the buffers takes more for each delta, and so
 * do the first writes to a page after a checkpoint. */
void start_over(PostgresConnection& database)
{
    database.query("TRUNCATE synckit.deltas");
    database.query("VACUUM synckit.documents");
    database.query("CHECKPOINT");
}

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
    start_over(publisher.database());
    const double rate = part * measure("maximum", more_than_any, options.seconds);
    for (int turn = 0; turn < options.turns; ++turn) {
        start_over(publisher.database());
        publisher.turn_off();
        measure("paused", rate, options.seconds);
        start_over(publisher.database());
        publisher.turn_on();
        measure("on", rate, options.seconds);
    }
}

} // namespace synckit::bench
