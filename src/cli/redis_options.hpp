#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "redis_client/connection.hpp"

namespace synckit {

/* How subcommands, and the tests' programs, find Redis and are let in; as the settings
 * synckit.redis_* do. */
struct RedisOptions {
    std::string url = "redis://localhost:6379";
    std::string password_file;
    TlsOptions tls;

    /* Throws an Error where the URL is wrong (22023), or the password file cannot be used. */
    RedisAccess access() const;
};

void add_redis_options(CLI::App& app, RedisOptions& options);

} // namespace synckit
