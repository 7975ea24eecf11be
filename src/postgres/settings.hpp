#pragma once

#include "postgres/postgres.hpp"

#include "document/delta.hpp"

/* The settings synckit.*; docs/settings.md is their table for users. */
namespace synckit::settings {

extern char* redis_url;
extern char* redis_password_file;
extern char* redis_ca_file;
extern char* redis_cert_file;
extern char* redis_key_file;
extern bool redis_tls_insecure;
extern bool redis_sharded;
extern char* channel_prefix;
extern char* client_id;
extern char* server_id;
extern bool publish;
extern int publish_batch;
extern int max_message_bytes;
extern int max_value_bytes;
extern int max_clock_skew_ms;
extern int max_clock_step;
extern int max_backlog;
extern int cleanup_interval_s;

inline constexpr size_t longest_channel_prefix = 255; // bytes

/* Registers them all; called once, from _PG_init. Never raises. */
void define();

inline MergeLimits merge_limits()
{
    return {max_clock_skew_ms * ticks_per_ms, max_clock_step};
}

} // namespace synckit::settings
