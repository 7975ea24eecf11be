#include "postgres/settings.hpp"

#include <climits>

#include "postgres/bridge.hpp"

extern "C" {
#include "utils/guc.h"
}

#include "clock/client_id.hpp"
#include "redis/url.hpp"

namespace synckit::settings {

char* redis_url;
char* redis_password_file;
char* redis_ca_file;
char* redis_cert_file;
char* redis_key_file;
bool redis_tls_insecure = false;
bool redis_sharded = false;
char* channel_prefix;
char* client_id;
char* server_id;
bool publish = true;
int publish_batch = 1000;
int max_message_bytes = 256 * 1024;
int max_value_bytes = 64 * 1024 * 1024;
int max_clock_skew_ms = 5000;
int max_clock_step = 1'000'000;
int max_backlog = 10'000'000;
int cleanup_interval_s = 0;

namespace {

/*
 * Refuses what cannot be an address, and a password: a setting can be read by others (pg_settings,
 * the configuration file, pg_db_role_setting).
 */
bool check_redis_url(char** value, void**, GucSource)
{
    if (**value == '\0')
        return true;
    CaughtError caught;
    bool has_password = false;
    if (!try_pure(caught, [&] { has_password = parse_redis_url(*value).has_password(); })) {
        GUC_check_errcode(caught.sqlstate);
        GUC_check_errmsg("%s", caught.message);
        if (caught.detail[0])
            GUC_check_errdetail("%s", caught.detail);
        if (caught.hint[0])
            GUC_check_errhint("%s", caught.hint);
        return false;
    }
    if (has_password) {
        GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
        /* The default message would repeat the value, and with it the password. */
        GUC_check_errmsg("synckit.redis_url must not contain a password");
        GUC_check_errhint(
            "Put the password into a file and name it in synckit.redis_password_file.");
        return false;
    }
    return true;
}

bool check_client_id(char** value, void**, GucSource)
{
    CaughtError caught;
    if (try_pure(caught, [&] { ClientId::from_text(*value); }))
        return true;
    GUC_check_errcode(caught.sqlstate);
    GUC_check_errmsg("synckit.client_id: %s", caught.message);
    if (caught.detail[0])
        GUC_check_errdetail("%s", caught.detail);
    return false;
}

bool check_length(const char* value, size_t longest)
{
    if (std::strlen(value) <= longest)
        return true;
    GUC_check_errdetail("It has more than %zu bytes.", longest);
    return false;
}

bool check_server_id(char** value, void**, GucSource)
{
    return check_length(*value, 255);
}

bool check_channel_prefix(char** value, void**, GucSource)
{
    return check_length(*value, longest_channel_prefix);
}

} // namespace

/* None of what the publisher goes by is for the configuration file alone: ALTER DATABASE … SET
 * gives each database its own. To superusers, and whom they GRANT SET ON PARAMETER. */
void define()
{
    DefineCustomStringVariable(
        "synckit.redis_url", "Address of the Redis that deltas are published to.",
        "redis://[user@]host[:port][,...][/db], rediss:// for TLS, "
        "redis+sentinel://[user@]host[:port][,...]/name[/db] or unix://[user@]/path[?db=N]; empty: "
        "nothing is published.",
        &redis_url, "", PGC_SUSET, GUC_SUPERUSER_ONLY, check_redis_url, nullptr, nullptr);
    DefineCustomStringVariable("synckit.redis_password_file",
                               "File that holds the password for Redis, on its first line.",
                               nullptr, &redis_password_file, "", PGC_SUSET, GUC_SUPERUSER_ONLY,
                               nullptr, nullptr, nullptr);
    DefineCustomStringVariable("synckit.redis_ca_file",
                               "Certificates of the authorities that Redis's must come from.",
                               "Empty: those that the system trusts.", &redis_ca_file, "",
                               PGC_SUSET, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "synckit.redis_cert_file", "Certificate that Redis is shown, where it demands one.",
        nullptr, &redis_cert_file, "", PGC_SUSET, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("synckit.redis_key_file", "Key of synckit.redis_cert_file.", nullptr,
                               &redis_key_file, "", PGC_SUSET, GUC_SUPERUSER_ONLY, nullptr, nullptr,
                               nullptr);
    DefineCustomBoolVariable("synckit.redis_tls_insecure",
                             "Whether any certificate of Redis will do: for tests.", nullptr,
                             &redis_tls_insecure, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable(
        "synckit.redis_sharded", "Whether sharded Pub/Sub is used (SPUBLISH, Redis 7.0 or later).",
        nullptr, &redis_sharded, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "synckit.channel_prefix", "What the names of all channels start with.", nullptr,
        &channel_prefix, "synckit:", PGC_SUSET, 0, check_channel_prefix, nullptr, nullptr);
    DefineCustomStringVariable("synckit.client_id", "Whom plain SQL writes documents as.",
                               "Also deltas that are inserted without a client.", &client_id, "sql",
                               PGC_USERSET, 0, check_client_id, nullptr, nullptr);
    DefineCustomStringVariable(
        "synckit.server_id", "Recorded as server_id of deltas that bring none; empty: NULL.",
        nullptr, &server_id, "", PGC_USERSET, 0, check_server_id, nullptr, nullptr);
    DefineCustomBoolVariable(
        "synckit.publish", "Whether committed deltas are published.",
        "Off pauses: what is committed meanwhile is published when it is on again.", &publish, true,
        PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("synckit.publish_batch", "Most deltas that are published in one batch.",
                            nullptr, &publish_batch, 1000, 1, 100'000, PGC_SUSET, 0, nullptr,
                            nullptr, nullptr);
    DefineCustomIntVariable("synckit.max_message_bytes",
                            "Largest message; a larger one goes without its value.", nullptr,
                            &max_message_bytes, 256 * 1024, 1024, 512 * 1024 * 1024, PGC_SUSET,
                            GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("synckit.max_value_bytes", "Largest value that a delta may bring.",
                            nullptr, &max_value_bytes, 64 * 1024 * 1024, 1, 255 * 1024 * 1024,
                            PGC_SUSET, GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "synckit.max_clock_skew",
        "How far ahead of this server's clock a writer's time may be taken for true.", nullptr,
        &max_clock_skew_ms, 5000, 0, 24 * 60 * 60 * 1000, PGC_SUSET, GUC_UNIT_MS, nullptr, nullptr,
        nullptr);
    DefineCustomIntVariable(
        "synckit.max_clock_step", "How far a client's counter may jump ahead in one delta.",
        nullptr, &max_clock_step, 1'000'000, 1, INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("synckit.max_backlog",
                            "Most unpublished deltas that cleanup keeps past their time.",
                            "Beyond that they are given up, and a new epoch begins.", &max_backlog,
                            10'000'000, 0, INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("synckit.cleanup_interval",
                            "How often the publisher runs synckit_cleanup(); 0: never.", nullptr,
                            &cleanup_interval_s, 0, 0, INT_MAX / 1000, PGC_SUSET, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("synckit");
}

} // namespace synckit::settings
