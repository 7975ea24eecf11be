#include "cli/commands.hpp"

#include <climits>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>

#include "cli/extension.hpp"

namespace synckit {
namespace {

struct CleanupOptions {
    std::string database_url;
    std::optional<int> sessions_hours = 24;
    std::optional<int> deltas_days = 30;
    std::optional<int> tombstones_days;
    int batch = 10'000;
};

std::optional<std::string> parameter(std::optional<int> value)
{
    return value ? std::optional(std::to_string(*value)) : std::nullopt;
}

/* A batch a transaction, until nothing is left: nobody waits for long, and what is interrupted was
 * not in vain. */
ExitCode cleanup(const CleanupOptions& options)
{
    PostgresConnection database(options.database_url);
    const InstalledExtension extension = find_extension(database);
    if (!extension.version)
        throw std::runtime_error("the database does not have the extension synckit");
    const std::string call = "SELECT sessions_deleted, deltas_deleted, tombstones_deleted FROM " +
                             *extension.schema +
                             ".synckit_cleanup($1::integer, $2::integer, $3::integer, $4::bigint)";
    long long sessions = 0, deltas = 0, tombstones = 0;
    for (long long found = 1; found > 0;) {
        const auto result =
            database.query(call, {parameter(options.sessions_hours), parameter(options.deltas_days),
                                  parameter(options.tombstones_days), parameter(options.batch)});
        found = 0;
        for (auto [column, sum] :
             {std::pair("sessions_deleted", &sessions), std::pair("deltas_deleted", &deltas),
              std::pair("tombstones_deleted", &tombstones)}) {
            found += result.number(0, column);
            *sum += result.number(0, column);
        }
    }
    std::printf("sessions deleted: %lld\ndeltas deleted: %lld\nfield tombstones deleted: %lld\n",
                sessions, deltas, tombstones);
    return exit_ok;
}

} // namespace

void add_cleanup(CLI::App& app, Action& chosen)
{
    auto options = std::make_shared<CleanupOptions>();
    CLI::App* command = app.add_subcommand(
        "cleanup", "Remove old sessions, old deltas that are published, and old field tombstones");
    add_database_url(*command, options->database_url);
    auto age = [&](const char* name, std::optional<int>& value, const char* what) {
        command->add_option(name, value, what)->check(CLI::Range(0, INT_MAX))->type_name("N");
    };
    age("--sessions-hours", options->sessions_hours,
        "Sessions that were not seen for so many hours [24]");
    age("--deltas-days", options->deltas_days, "Deltas that are older than so many days [30]");
    age("--tombstones-days", options->tombstones_days,
        "Tombstones of fields that are older than so many days [none]");
    command->add_option("--batch", options->batch, "So many of each in one transaction [10000]")
        ->check(CLI::Range(1, INT_MAX))
        ->type_name("N");
    command->final_callback(
        [options, &chosen] { chosen = [options] { return cleanup(*options); }; });
}

} // namespace synckit
