#include "cli/commands.hpp"

#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/extension.hpp"
#include "redis/printable.hpp"

namespace synckit {
namespace {

struct SchemaStatus {
    std::string schema_version; // "none" before the first migration
    std::string library_version;
    bool current = false;
    std::vector<std::string> problems;
};

SchemaStatus read_status(PostgresConnection& database, const std::string& schema)
{
    const PostgresResult result =
        database.query("SELECT schema_version, library_version, current,"
                       "       coalesce(pg_catalog.to_json(problems), '[]') AS problems"
                       "  FROM " +
                       schema + ".synckit_schema_status()");
    SchemaStatus status;
    status.schema_version = result.is_null(0, "schema_version")
                                ? "none"
                                : std::string(result.text(0, "schema_version"));
    status.library_version = result.text(0, "library_version");
    status.current = result.text(0, "current") == "t";
    status.problems =
        nlohmann::json::parse(result.text(0, "problems")).get<std::vector<std::string>>();
    return status;
}

void print_problems(const SchemaStatus& status)
{
    for (const std::string& problem : status.problems)
        std::printf("  - %s\n", printable(problem).c_str());
}

/* Runs what only the extension's owner or a superuser may. Says whether it was run. */
bool install(PostgresConnection& database, const std::string& statement)
{
    try {
        database.query(statement);
    } catch (PostgresError& error) {
        // Another session was faster: two instances of a service that start together migrate
        // together.
        const bool taken = error.sqlstate == "23505" || error.sqlstate == "42710";
        if (taken && find_extension(database).version)
            return false;
        if (error.sqlstate == "42501") {
            error.hint += error.hint.empty() ? "" : "\n";
            error.hint +=
                "Let a superuser run this once in the database, then repeat: " + statement + ";";
        }
        throw;
    }
    return true;
}

InstalledExtension ensure_extension(PostgresConnection& database)
{
    const InstalledExtension found = find_extension(database);
    if (!found.version) {
        if (install(database, "CREATE EXTENSION IF NOT EXISTS synckit"))
            std::puts("extension synckit: created");
    } else if (found.newest && *found.newest != *found.version) {
        if (install(database, "ALTER EXTENSION synckit UPDATE"))
            std::printf("extension synckit: updated from %s to %s\n", found.version->c_str(),
                        found.newest->c_str());
    } else {
        std::printf("extension synckit: version %s is installed already\n", found.version->c_str());
        return found;
    }
    return find_extension(database);
}

ExitCode migrate(const std::string& url)
{
    PostgresConnection database(url);
    const InstalledExtension extension = ensure_extension(database);
    const SchemaStatus before = read_status(database, *extension.schema);
    database.query("SELECT " + *extension.schema + ".synckit_migrate()");
    const SchemaStatus after = read_status(database, *extension.schema);

    if (before.current)
        std::printf("schema synckit: version %s is current\n", after.schema_version.c_str());
    else if (before.schema_version == after.schema_version)
        std::printf("schema synckit: version %s mended\n", after.schema_version.c_str());
    else
        std::printf("schema synckit: migrated from version %s to %s\n",
                    before.schema_version.c_str(), after.schema_version.c_str());
    if (after.current)
        return exit_ok;
    std::puts("schema synckit: still not current");
    print_problems(after);
    return exit_negative;
}

ExitCode show_status(const std::string& url)
{
    PostgresConnection database(url);
    const InstalledExtension extension = find_extension(database);
    if (!extension.version) {
        std::printf("not current: database \"%s\" does not have the extension synckit\n",
                    printable(database.database()).c_str());
        return exit_negative;
    }
    const SchemaStatus status = read_status(database, *extension.schema);
    std::printf("%s: schema version %s, library version %s, extension version %s\n",
                status.current ? "current" : "not current", status.schema_version.c_str(),
                status.library_version.c_str(), extension.version->c_str());
    print_problems(status);
    return status.current ? exit_ok : exit_negative;
}

} // namespace

void add_migrate(CLI::App& app, Action& chosen)
{
    struct Options {
        std::string database_url;
        bool status = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "migrate", "Set up the database, or bring it up to date: extension and tables");
    add_database_url(*command, options->database_url);
    command->add_flag("--status", options->status,
                      "Change nothing: say whether the database is up to date (0) or not (1)");
    command->final_callback([options, &chosen] {
        chosen = [options] {
            return options->status ? show_status(options->database_url)
                                   : migrate(options->database_url);
        };
    });
}

} // namespace synckit
