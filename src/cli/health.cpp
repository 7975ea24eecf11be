#include "cli/commands.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/extension.hpp"
#include "redis/printable.hpp"

namespace synckit {
namespace {

using Json = nlohmann::ordered_json;

/* One line a value: "publisher.lag_seconds: 0.2". */
void print_lines(const Json& value, const std::string& name)
{
    if (value.is_structured() && !value.empty()) {
        for (const auto& [key, member] : value.items())
            print_lines(member, name.empty() ? key : name + "." + key);
        return;
    }
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    std::printf("%s: %s\n", printable(name).c_str(), printable(text).c_str());
}

void print_document(const Json& document, bool as_json)
{
    if (as_json) {
        // A message of libpq may be in any encoding.
        const auto replace = Json::error_handler_t::replace;
        std::puts(printable(document.dump(-1, ' ', false, replace)).c_str());
        return;
    }
    print_lines(document.value("status", Json("unknown")), "status");
    for (const auto& [key, value] : document.items())
        if (key != "status")
            print_lines(value, key);
}

Json ask(const std::string& url)
{
    PostgresConnection database(url);
    const InstalledExtension extension = find_extension(database);
    if (!extension.version)
        return {{"status", "not_installed"},
                {"error", "the database does not have the extension synckit"},
                {"hint", "synckit migrate"}};
    const auto result =
        database.query("SELECT " + *extension.schema + ".synckit_health() AS health");
    return Json::parse(result.text(0, "health"));
}

ExitCode health(const std::string& url, bool as_json)
{
    Json document;
    try {
        document = ask(url);
    } catch (const PostgresError& error) {
        // Whoever asks for health wants to hear of illness as an answer, not as a failure to
        // answer.
        document = {{"status", error.connection_lost ? "unreachable" : "failed"},
                    {"error", error.message}};
        if (!error.detail.empty())
            document["detail"] = error.detail;
        if (!error.hint.empty())
            document["hint"] = error.hint;
    }
    print_document(document, as_json);
    return document.value("status", "") == "ok" ? exit_ok : exit_negative;
}

} // namespace

void add_health(CLI::App& app, Action& chosen)
{
    struct Options {
        std::string database_url;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "health", "Say how database and publisher are: 0 if all is well, else 1");
    add_database_url(*command, options->database_url);
    command->add_flag("--json", options->json, "Print one JSON document");
    command->final_callback([options, &chosen] {
        chosen = [options] { return health(options->database_url, options->json); };
    });
}

} // namespace synckit
