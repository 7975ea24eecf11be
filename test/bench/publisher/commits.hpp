#pragma once

namespace synckit::bench {

struct CommitOptions {
    double seconds; // of each turn
    int turns;      // of each side
};

/*
 * Writes deltas as fast as they go with the publisher paused, then offers 0.8 of that rate, in
 * turns with the publisher paused and on. Prints a line a turn: side ("maximum", "paused", "on"),
 * the rate of commits that came about.
 */
void measure_commits(const CommitOptions&);

} // namespace synckit::bench
