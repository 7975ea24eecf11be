#include "redis/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string words_of(const char* url, size_t expected_replies)
{
    RedisProtocol protocol;
    EXPECT_EQ(append_handshake(protocol, parse_redis_url(url)), expected_replies);
    return std::string(protocol.output());
}

/* The SQLSTATE that an answer raises, or "" if none. */
std::string sqlstate_of(const char* answer, size_t left, const char* url = "redis://u:hunter2@h/1")
{
    try {
        check_handshake_reply(RedisReply::of_text(RedisReply::Kind::error, answer),
                              parse_redis_url(url), left);
    } catch (const Error& error) {
        for (const std::string& part : {error.message(), error.detail(), error.hint()})
            EXPECT_THAT(part, Not(HasSubstr("hunter2")));
        return error.sqlstate();
    }
    return "";
}

TEST(RedisHandshake, SaysWhoWeAre)
{
    const std::string name = "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$7\r\nsynckit\r\n";
    EXPECT_EQ(words_of("redis://h", 1), name);
    EXPECT_EQ(words_of("redis://:pw@h", 2), "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n" + name);
    EXPECT_EQ(words_of("redis://me:pw@h/3", 3), "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n"
                                                "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n" +
                                                    name);
    EXPECT_EQ(words_of("redis://me@h", 2), "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$0\r\n\r\n" + name);
}

TEST(RedisHandshake, AcceptsWhatIsNoError)
{
    const RedisUrl url;
    check_handshake_reply(RedisReply::of_text(RedisReply::Kind::status, "OK"), url, 1);
    check_handshake_reply(RedisReply::nil(), url, 2);
}

TEST(RedisHandshake, ExplainsRefusals)
{
    EXPECT_EQ(sqlstate_of("WRONGPASS invalid username-password pair or user is disabled.", 3),
              "28000");
    EXPECT_EQ(sqlstate_of("NOPERM this user has no permissions to run the 'select' command", 2),
              "28000");
    EXPECT_EQ(sqlstate_of("NOAUTH Authentication required.", 1, "redis://h"), "28000");
    EXPECT_EQ(sqlstate_of("ERR invalid password", 2, "redis://:x@h"), "28000");
    EXPECT_EQ(sqlstate_of("ERR DB index is out of range", 2), "08004");
    EXPECT_EQ(sqlstate_of("DENIED Redis is running in protected mode", 1, "redis://h"), "08004");
    EXPECT_EQ(sqlstate_of("ERR max number of clients reached", 1, "redis://h"), "08004");
}

TEST(RedisHandshake, NeverShowsThePassword)
{
    EXPECT_EQ(sqlstate_of("ERR unknown command 'AUTH', with args beginning with: 'u' 'hunter2'", 3),
              "08004");
    EXPECT_EQ(sqlstate_of("WRONGPASS hunter2", 3), "28000");
}

TEST(RedisHandshake, DoesWithoutAName)
{
    EXPECT_EQ(sqlstate_of("ERR unknown command 'CLIENT'", 1), "");
    EXPECT_EQ(sqlstate_of("NOPERM User u has no permissions to run 'client|setname'", 1), "");
}

} // namespace
} // namespace synckit
