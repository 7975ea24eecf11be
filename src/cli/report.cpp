#include "cli/report.hpp"

#include <cstdio>
#include <string>

#include "base/error.hpp"
#include "cli/postgres.hpp"
#include "redis/printable.hpp"

namespace synckit {
namespace {

/* Further lines are indented; a tab is a blank. */
void append_field(std::string& to, std::string_view label, std::string_view text)
{
    if (text.empty())
        return;
    to += label;
    to += ":  ";
    for (;;) {
        const size_t end = text.find('\n');
        std::string line(text.substr(0, end));
        for (char& c : line)
            c = c == '\t' ? ' ' : c;
        to += printable(line) + "\n";
        if (end == std::string_view::npos || end + 1 == text.size())
            return;
        to += "        ";
        text.remove_prefix(end + 1);
    }
}

ExitCode exit_code_of(std::string_view sqlstate)
{
    if (sqlstate.starts_with("08") || sqlstate.starts_with("28"))
        return exit_no_connection;
    return exit_failed;
}

} // namespace

void report(std::string_view label, std::string_view message, std::string_view detail,
            std::string_view hint)
{
    std::string text;
    append_field(text, label, message);
    append_field(text, "DETAIL", detail);
    append_field(text, "HINT", hint);
    std::fputs(text.c_str(), stderr);
}

ExitCode report_error(const std::exception& error)
{
    if (const auto* e = dynamic_cast<const PostgresError*>(&error)) {
        report("ERROR", e->message, e->detail, e->hint);
        return e->connection_lost ? exit_no_connection : exit_code_of(e->sqlstate);
    }
    if (const auto* e = dynamic_cast<const Error*>(&error)) {
        report("ERROR", e->message(), e->detail(), e->hint());
        // Of our own errors, a bad parameter is one of the command line.
        return e->sqlstate() == std::string_view(sqlstate::invalid_parameter_value)
                   ? exit_usage
                   : exit_code_of(e->sqlstate());
    }
    report("ERROR", error.what());
    return exit_failed;
}

} // namespace synckit
