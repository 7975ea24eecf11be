#include "cli/commands.hpp"

namespace {

constexpr const char* footer = "Exit codes:\n"
                               "  0  done; or yes: current, healthy\n"
                               "  1  no: not current, not healthy\n"
                               "  2  the command line or a URL is wrong\n"
                               "  3  no connection to Postgres or Redis, or not let in\n"
                               "  4  the server refused, or something else failed\n";

} // namespace

int main(int argc, char** argv)
{
    CLI::App app("Collaborative documents in Postgres, published to Redis.", "synckit");
    app.set_version_flag("--version", "synckit " SYNCKIT_VERSION);
    app.require_subcommand(1);
    app.footer(footer);

    synckit::Action action;
    synckit::add_migrate(app, action);
    synckit::add_health(app, action);
    synckit::add_cleanup(app, action);
    synckit::add_tail(app, action);
    try {
        app.parse(argc, argv);
        return action();
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? synckit::exit_ok : synckit::exit_usage;
    } catch (const std::exception& error) {
        return synckit::report_error(error);
    }
}
