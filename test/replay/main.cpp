#include <CLI/CLI.hpp>

#include "check.hpp"
#include "cli/commands.hpp"
#include "cli/redis_options.hpp"
#include "feeder.hpp"
#include "listener.hpp"
#include "progress.hpp"
#include "summary.hpp"

namespace synckit::replay {
namespace {

struct Options {
    FeedOptions feed;
    std::string input;
    std::string final_path;
    RedisOptions redis;
    std::string prefix = "synckit:";
    double wait = 30;
    bool progress = false;
    bool check_only = false;
    std::string report_path;
};

/* Until all that is committed has arrived, or nothing new has for as long as we are willing to
 * wait. */
void await_arrivals(const Options& options, const std::vector<Committed>& log,
                    const std::map<std::string, int64_t>& before, const Listener& listener,
                    Progress& progress)
{
    std::vector<std::string> missing;
    for (const Committed& delta : log) {
        const auto known = before.find(delta.document);
        if (known == before.end() || delta.version > known->second)
            missing.push_back(delta.id);
    }
    const size_t all = missing.size();
    auto last_arrival = Clock::now();
    for (;;) {
        const auto arrived = [&](const std::string& id) { return listener.has_heard(id); };
        if (std::erase_if(missing, arrived) > 0)
            last_arrival = Clock::now();
        const bool done = missing.empty() ||
                          Clock::now() - last_arrival > std::chrono::duration<double>(options.wait);
        progress.show("arrived", all - missing.size(), all, listener.messages(), done);
        if (done)
            return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void feed_and_listen(const Options& options, Summary& summary, Findings& findings)
{
    const auto recorded = read_recording(options.input);
    const auto before = [&] {
        PostgresConnection database(options.feed.database_url);
        return read_versions(database);
    }();
    Progress progress(options.progress);
    const Listener listener(options.redis.access(), options.prefix);
    Feeder feeder(
        options.feed, recorded, [&](const std::string& id) { return listener.has_heard(id); },
        [&](size_t done) {
            progress.show("sent", done, recorded.size(), listener.messages(),
                          done == recorded.size());
        });
    const FeedResult fed = feeder.run();

    PostgresConnection database(options.feed.database_url);
    const auto to_arrive = read_log(database);
    await_arrivals(options, to_arrive, before, listener, progress);
    const Heard heard = listener.heard();
    check_all_arrived(to_arrive, before, heard, findings);
    check_only_committed(read_log(database), fed, heard, findings);
    check_order(before, heard, findings);
    check_conduct(fed, heard, findings);
    add_feed(summary, fed);
    add_heard(summary, recorded, fed, heard);
}

ExitCode run(const Options& options)
{
    Summary summary;
    Findings findings;
    summary.fed = !options.check_only;
    if (summary.fed)
        feed_and_listen(options, summary, findings);
    PostgresConnection database(options.feed.database_url);
    summary.documents = check_documents(database, options.final_path, findings);
    summary.violations = findings.violations();

    print_summary(summary);
    if (!options.report_path.empty())
        write_json(summary, options.report_path);
    return summary.violations.empty() ? exit_ok : exit_negative;
}

void add_options(CLI::App& app, Options& options)
{
    add_database_url(app, options.feed.database_url);
    add_redis_options(app, options.redis);
    app.add_option("--input", options.input, "The recorded deltas, one JSON object a line")
        ->type_name("FILE");
    app.add_option("--final", options.final_path,
                   R"(The documents that must stand at the end: {"documentId": state, …})")
        ->required()
        ->type_name("FILE");
    app.add_option("--prefix", options.prefix, "What the channels' names begin with")
        ->capture_default_str();
    app.add_option("--batch", options.feed.batch, "Deltas a call")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--rate", options.feed.rate, "Deltas a second; 0: as fast as they are taken")
        ->check(CLI::NonNegativeNumber);
    app.add_option_function<unsigned>(
           "--retry", [&](unsigned n) { options.feed.retry = std::chrono::seconds(n); },
           "How long to try to reconnect when Postgres goes away, then resend")
        ->type_name("SECONDS");
    app.add_option("--wait", options.wait,
                   "At the end, give up when nothing new arrives for so long")
        ->check(CLI::NonNegativeNumber)
        ->type_name("SECONDS")
        ->capture_default_str();
    app.add_option("--rollbacks", options.feed.rollbacks,
                   "Before every N-th batch, send one that is rolled back")
        ->type_name("N");
    app.add_flag("--async-commit", options.feed.async_commit, "With synchronous_commit = off");
    app.add_flag("--progress", options.progress, "Show how far it is");
    app.add_option("--report-json", options.report_path, "Write the summary as JSON, too")
        ->type_name("FILE");
    app.add_flag("--check-only", options.check_only,
                 "Feed nothing: only compare the documents with --final");
}

} // namespace
} // namespace synckit::replay

int main(int argc, char** argv)
{
    synckit::replay::Options options;
    CLI::App app(
        "Feeds recorded deltas to synckit and checks that all of them, and nothing else, come "
        "back from Redis in order.",
        "synckit-replay");
    synckit::replay::add_options(app, options);
    app.footer(
        "Exit codes: 0 all checks hold, 1 one does not, 2 usage, 3 no connection, 4 failed.");
    try {
        app.parse(argc, argv);
        if (options.input.empty() && !options.check_only)
            throw CLI::RequiredError("--input");
        return synckit::replay::run(options);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? synckit::exit_ok : synckit::exit_usage;
    } catch (const std::exception& error) {
        return synckit::report_error(error);
    }
}
