#pragma once

#include <optional>
#include <string>

#include "cli/postgres.hpp"

namespace synckit {

/* What a database knows of the extension. */
struct InstalledExtension {
    std::optional<std::string> version; // none: not installed
    std::optional<std::string> schema;  // quoted, ready to stand before a function's name
    std::optional<std::string> newest;  // what the server's package would install
};

InstalledExtension find_extension(PostgresConnection& database);

} // namespace synckit
