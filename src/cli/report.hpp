#pragma once

#include <exception>
#include <string_view>

namespace synckit {

/* What the programs return. Documented in `synckit --help`. */
enum ExitCode : int {
    exit_ok = 0,
    exit_negative = 1,      // the answer is no: not current, not healthy
    exit_usage = 2,         // the command line or a URL is wrong
    exit_no_connection = 3, // no connection, or not let in
    exit_failed = 4,        // the server refused, or anything else
};

/* Writes `LABEL:  message`, DETAIL and HINT to stderr as psql does, a stranger's control characters
 * made visible. */
void report(std::string_view label, std::string_view message, std::string_view detail = {},
            std::string_view hint = {});

/* Reports any exception as ERROR and says what to return for it. */
ExitCode report_error(const std::exception& error);

} // namespace synckit
