#include "redis/reply_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synckit {
namespace {

using testing::HasSubstr;
using testing::Not;

/* The texts are those of Redis 7.0. */
TEST(RedisReplyError, IsToldByItsCode)
{
    const std::pair<const char*, ReplyError> errors[] = {
        {"NOAUTH Authentication required.", ReplyError::credentials},
        {"WRONGPASS invalid username-password pair or user is disabled.", ReplyError::credentials},
        {"NOPERM this user has no permissions to access one of the channels used as arguments",
         ReplyError::permission},
        {"READONLY You can't write against a read only replica.", ReplyError::elsewhere},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
         ReplyError::elsewhere},
        {"MOVED 1 a:1", ReplyError::elsewhere},
        {"CLUSTERDOWN Hash slot not served", ReplyError::server},
        {"TRYAGAIN Multiple keys request during rehashing of slot", ReplyError::server},
        {"LOADING Redis is loading the dataset in memory", ReplyError::server},
        {"OOM command not allowed when used memory > 'maxmemory'.", ReplyError::server},
        {"MISCONF Redis is configured to save RDB snapshots", ReplyError::server},
        {"BUSY Redis is busy running a script.", ReplyError::server},
        {"ERR max number of clients reached", ReplyError::server},
        {"ERR unknown command 'SPUBLISH'", ReplyError::server},
        {"ERR wrong number of arguments for 'publish' command", ReplyError::command},
        {"ERR Protocol error: invalid bulk length", ReplyError::command},
        {"", ReplyError::command},
        {"OTHER", ReplyError::command},
    };
    for (const auto& [text, kind] : errors)
        EXPECT_EQ(meaning_of(text).kind, kind) << text;
}

TEST(RedisReplyError, SaysWhatToDo)
{
    EXPECT_THAT(meaning_of("NOAUTH").hint, HasSubstr("redis_password_file"));
    EXPECT_THAT(meaning_of("WRONGPASS").hint, HasSubstr("redis_password_file"));
    EXPECT_THAT(meaning_of("READONLY").hint, HasSubstr("redis_url"));
    EXPECT_THAT(meaning_of("OOM ").hint, HasSubstr("maxmemory"));
    EXPECT_THAT(meaning_of("NOPERM").hint, HasSubstr("+publish"));
    EXPECT_THAT(meaning_of("ERR unknown command").hint, HasSubstr("redis_sharded"));
}

TEST(RedisReplyError, IsShownWithoutHarm)
{
    EXPECT_EQ(shown_reply_error("ERR \x1b[31m"), "ERR \\u001b[31m");
    EXPECT_THAT(shown_reply_error("ERR unknown command 'x', with args beginning with: 'secret' "),
                Not(HasSubstr("secret")));
    EXPECT_LT(shown_reply_error(std::string(10'000, 'x')).size(), 200u);
}

} // namespace
} // namespace synckit
