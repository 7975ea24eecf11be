#include "cli/redis_options.hpp"

#include "redis/private_file.hpp"

namespace synckit {

RedisAccess RedisOptions::access() const
{
    RedisAccess access{parse_redis_url(url), tls};
    if (!password_file.empty())
        access.url.password = read_password_file(password_file, "redis_password_file");
    return access;
}

void add_redis_options(CLI::App& app, RedisOptions& options)
{
    app.add_option("--redis-url", options.url,
                   "Redis, as redis://…, rediss://… (TLS), redis+sentinel://…/name or unix://… "
                   "[redis://localhost:6379]")
        ->envname("REDIS_URL")
        ->type_name("URL");
    const auto add_file = [&](const char* name, const char* environment, std::string& to,
                              const char* what) {
        app.add_option(name, to, what)->envname(environment)->type_name("FILE");
    };
    add_file("--redis-password-file", "REDIS_PASSWORD_FILE", options.password_file,
             "Its first line is the password, in place of one in the URL");
    add_file("--redis-ca-file", "REDIS_CA_FILE", options.tls.ca_file,
             "The authorities that the server's certificate must come from [the system's]");
    add_file("--redis-cert-file", "REDIS_CERT_FILE", options.tls.cert_file,
             "Our own certificate, where the server demands one");
    add_file("--redis-key-file", "REDIS_KEY_FILE", options.tls.key_file, "The key to it");
    app.add_flag("--redis-tls-insecure", options.tls.insecure,
                 "Take any certificate of the server: for tests")
        ->envname("REDIS_TLS_INSECURE");
}

} // namespace synckit
