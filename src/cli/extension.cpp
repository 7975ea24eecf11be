#include "cli/extension.hpp"

namespace synckit {

InstalledExtension find_extension(PostgresConnection& database)
{
    const PostgresResult result = database.query(R"(
        SELECT e.extversion, pg_catalog.quote_ident(n.nspname) AS schema, a.default_version
          FROM (VALUES ('synckit'::pg_catalog.name)) AS wanted (name)
          LEFT JOIN pg_catalog.pg_extension e ON e.extname = wanted.name
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = wanted.name)");
    const auto value = [&](const char* column) -> std::optional<std::string> {
        if (result.is_null(0, column))
            return std::nullopt;
        return std::string(result.text(0, column));
    };
    return {value("extversion"), value("schema"), value("default_version")};
}

} // namespace synckit
