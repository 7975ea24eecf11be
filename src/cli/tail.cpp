#include "cli/commands.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>

#include "cli/message_line.hpp"
#include "cli/redis_options.hpp"
#include "redis/sqlstates.hpp"
#include "redis_client/subscriber.hpp"

namespace synckit {
namespace {

struct TailOptions {
    RedisOptions redis;
    std::string prefix = "synckit:";
    std::vector<std::string> documents;
    bool sharded = false;
    bool json = false;
};

RedisTopics topics_of(const TailOptions& options)
{
    if (options.sharded && options.documents.empty())
        throw Error(sqlstate::invalid_parameter_value, "--sharded takes the name of a document", {},
                    "Sharded channels cannot be subscribed to by a pattern.");
    RedisTopics topics;
    topics.sharded = options.sharded;
    for (const std::string& document : options.documents)
        topics.channels.push_back(options.prefix + "doc:" + document);
    if (options.documents.empty()) {
        topics.channels = {options.prefix + "broadcast", options.prefix + "presence"};
        topics.patterns = {escape_pattern(options.prefix) + "doc:*"};
    }
    return topics;
}

/* Local time as "14:03:22.120". */
std::string time_of_day()
{
    timespec now{};
    std::timespec_get(&now, TIME_UTC);
    tm local{};
    localtime_r(&now.tv_sec, &local);
    char text[32];
    const size_t length = std::strftime(text, sizeof text, "%H:%M:%S", &local);
    std::snprintf(text + length, sizeof text - length, ".%03ld", now.tv_nsec / 1'000'000);
    return text;
}

ExitCode tail(const TailOptions& options)
{
    RedisSubscriber subscriber(options.redis.access(), topics_of(options));
    subscriber.on_lost = [](const Error& error) {
        report("WARNING", error.message() + ": trying again until it is back", error.detail());
    };
    subscriber.on_restored = [] {
        report("NOTICE", "subscribed again; what was published meanwhile is not shown");
    };
    subscriber.subscribe();

    for (;;) {
        const auto message = subscriber.next(std::chrono::hours(1));
        if (!message)
            continue;
        std::string line =
            options.json ? json_line(message->channel, message->payload)
                         : time_of_day() + "  " + human_line(message->channel, message->payload);
        line += '\n';
        // Flushed line by line: whoever reads, reads along. Nobody reads any more: done.
        if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() ||
            std::fflush(stdout) != 0)
            return exit_ok;
    }
}

} // namespace

void add_tail(CLI::App& app, Action& chosen)
{
    auto options = std::make_shared<TailOptions>();
    CLI::App* command = app.add_subcommand(
        "tail", "Print what is published to Redis, a line a message, until ended with Ctrl-C");
    add_redis_options(*command, options->redis);
    command->add_option("--prefix", options->prefix, "What the channels' names begin with")
        ->capture_default_str();
    command->add_flag("--sharded", options->sharded,
                      "What is published with synckit.redis_sharded on; takes DOCUMENT, in a Redis "
                      "Cluster only one");
    command->add_flag("--json", options->json, R"(Print {"channel":…,"message":…} instead)");
    command->add_option("DOCUMENT", options->documents,
                        "Only these documents (default: all of them, broadcasts and presence)");
    command->footer("Ctrl-C ends it like any program: by the signal, 130 in a shell.\n"
                    "The time is that of arrival, in the local time zone.");
    command->final_callback([options, &chosen] { chosen = [options] { return tail(*options); }; });
}

} // namespace synckit
