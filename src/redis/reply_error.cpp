#include "redis/reply_error.hpp"

#include "redis/printable.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

constexpr size_t max_shown = 160;

struct Row {
    std::string_view begins;
    ReplyErrorMeaning meaning;
};

constexpr const char* hint_for_replica =
    "Name the primary in redis_url, several servers of which one is it (redis://a,b), or Sentinels "
    "(redis+sentinel://a,b/name).";
constexpr const char* hint_for_password =
    "Check the user in redis_url and the password in redis_password_file.";

/* The first that fits counts. */
constexpr Row rows[] = {
    {"NOAUTH",
     {ReplyError::credentials, "Redis demands a password",
      "Put it into a file, and set redis_password_file to that; where it is a user's, "
      "name the user in redis_url."}},
    {"WRONGPASS",
     {ReplyError::credentials, "Redis did not accept user or password", hint_for_password}},
    // Redis before version 6, and one that has no password at all
    {"ERR invalid password",
     {ReplyError::credentials, "Redis did not accept user or password", hint_for_password}},
    {"ERR AUTH",
     {ReplyError::credentials, "Redis did not accept user or password", hint_for_password}},
    {"ERR Client sent AUTH",
     {ReplyError::credentials, "Redis did not accept user or password", hint_for_password}},
    {"NOPERM",
     {ReplyError::permission, "Redis does not allow this to its user",
      "Its ACL must allow +publish (with redis_sharded +spublish and +cluster|slots) and "
      "the channels, as &synckit:*."}},
    {"DENIED",
     {ReplyError::credentials, "Redis lets nobody in from elsewhere",
      "It runs in protected mode: give it a password and addresses to bind to."}},
    {"READONLY", {ReplyError::elsewhere, "Redis is a read-only replica", hint_for_replica}},
    {"MASTERDOWN",
     {ReplyError::elsewhere, "Redis is a replica that has lost its primary", hint_for_replica}},
    {"MOVED ",
     {ReplyError::elsewhere, "another node of the Redis Cluster serves this channel", ""}},
    {"ASK ", {ReplyError::elsewhere, "another node of the Redis Cluster serves this channel", ""}},
    {"CLUSTERDOWN",
     {ReplyError::server, "the Redis Cluster is down",
      "CLUSTER INFO and CLUSTER NODES say which nodes are missing."}},
    {"TRYAGAIN", {ReplyError::server, "the Redis Cluster is moving this channel", ""}},
    {"LOADING", {ReplyError::server, "Redis is still loading its data", ""}},
    {"OOM",
     {ReplyError::server, "Redis is out of memory",
      "Raise its maxmemory, or let it evict (maxmemory-policy)."}},
    {"MISCONF",
     {ReplyError::server, "Redis cannot save its data and refuses to go on",
      "See its log: the disk may be full."}},
    {"BUSY",
     {ReplyError::server, "Redis is busy with a script", "SCRIPT KILL or FUNCTION KILL ends it."}},
    {"NOREPLICAS",
     {ReplyError::server, "Redis has too few good replicas", "See its min-replicas-to-write."}},
    {"ERR max number of clients",
     {ReplyError::server, "Redis has as many clients as it may", "Raise its maxclients."}},
    {"ERR unknown command",
     {ReplyError::server, "Redis does not know a command that is needed",
      "redis_sharded takes Redis 7.0 or later; redis+sentinel:// takes Sentinels."}},
    {"ERR SELECT is not allowed",
     {ReplyError::server, "a Redis Cluster has no numbered databases",
      "Leave the database out of redis_url."}},
    {"ERR DB index",
     {ReplyError::server, "Redis has no database of that number",
      "Leave it out of redis_url, or raise Redis's setting databases."}},
};

} // namespace

ReplyErrorMeaning meaning_of(std::string_view error)
{
    for (const Row& row : rows)
        if (error.starts_with(row.begins))
            return row.meaning;
    return {ReplyError::command, "Redis refused a command", ""};
}

std::string shown_reply_error(std::string_view error)
{
    return printable(error.substr(0, error.find(", with args beginning with")), max_shown);
}

} // namespace synckit
