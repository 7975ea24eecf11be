#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "cli/report.hpp"

namespace synckit {

/* What the subcommand on the command line does. */
using Action = std::function<ExitCode()>;

/* Each adds its subcommand with its options, and sets `chosen` when it is the one that was named.
 */
void add_migrate(CLI::App& app, Action& chosen);
void add_health(CLI::App& app, Action& chosen);
void add_cleanup(CLI::App& app, Action& chosen);
void add_tail(CLI::App& app, Action& chosen);

/* The option by which subcommands, and the tests' programs, find the database; redis_options.hpp
 * has those for Redis. */
inline CLI::Option* add_database_url(CLI::App& app, std::string& url)
{
    return app
        .add_option(
            "--database-url", url,
            "The database, as postgresql://… (without it: PGHOST, PGDATABASE and their kin)")
        ->envname("DATABASE_URL")
        ->type_name("URL");
}

} // namespace synckit
