/* What scripts/bench runs for the scenarios latency, drain and commits. */
#include <CLI/CLI.hpp>

#include "cli/report.hpp"
#include "commits.hpp"
#include "drain.hpp"
#include "latency.hpp"

using namespace synckit;

int main(int argc, char** argv)
{
    CLI::App app("Measures the publisher of the database that PGHOST, PGDATABASE and so on name. "
                 "It turns that publisher on and off, and writes into that database.",
                 "publisher_bench");
    app.require_subcommand(1);
    std::string redis_url;
    app.add_option("--redis", redis_url, "The Redis that it publishes to")->required();

    bench::LatencyOptions latency;
    CLI::App* measure_latency = app.add_subcommand("latency", "From statement to subscriber");
    measure_latency->add_option("--rate", latency.rate, "Commits a second")
        ->required()
        ->check(CLI::PositiveNumber);
    measure_latency->add_option("--seconds", latency.seconds)
        ->required()
        ->check(CLI::PositiveNumber);

    bench::DrainOptions drain;
    CLI::App* measure_drain = app.add_subcommand("drain", "A backlog, into Redis");
    measure_drain->add_option("--deltas", drain.deltas)->required()->check(CLI::PositiveNumber);
    measure_drain->add_option("--payload", drain.payload_path, "Where to write one message")
        ->required();

    bench::CommitOptions commits;
    CLI::App* measure_commits = app.add_subcommand("commits", "What publishing costs the writers");
    measure_commits->add_option("--seconds", commits.seconds)
        ->required()
        ->check(CLI::PositiveNumber);
    measure_commits->add_option("--turns", commits.turns)->required()->check(CLI::PositiveNumber);
    try {
        app.parse(argc, argv);
        latency.redis_url = drain.redis_url = redis_url;
        if (measure_latency->parsed())
            bench::measure_latency(latency);
        else if (measure_commits->parsed())
            bench::measure_commits(commits);
        else
            bench::measure_drain(drain);
        return exit_ok;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_usage;
    } catch (const std::exception& error) {
        return report_error(error);
    }
}
