#include "redis/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = RedisReply::Kind;

RedisReply ok()
{
    return RedisReply::of_text(Kind::status, "OK");
}

RedisReply hello(const char* mode, const char* role)
{
    RedisReply reply = RedisReply::array();
    for (const char* word : {"server", "redis", "mode", mode, "role", role})
        reply.elements().push_back(RedisReply::of_text(Kind::string, word));
    return reply;
}

RedisReply role(const char* role)
{
    RedisReply reply = RedisReply::array();
    reply.elements().push_back(RedisReply::of_text(Kind::string, role));
    reply.elements().push_back(RedisReply::of_integer(0));
    return reply;
}

RedisReply error(const char* text)
{
    return RedisReply::of_text(Kind::error, text);
}

std::string words_of(const char* url, size_t expected_replies)
{
    RedisProtocol protocol;
    RedisHandshake handshake(protocol, parse_redis_url(url));
    for (size_t i = 0; i < expected_replies; ++i) {
        EXPECT_FALSE(handshake.done());
        handshake.take(ok());
    }
    EXPECT_TRUE(handshake.done());
    return std::string(protocol.output());
}

/* What is raised where one of the replies, of so many that came before it, is this error; 00000 if
 * nothing is. */
Error error_of(const char* answer, size_t before, const char* url = "redis://u:hunter2@h/1")
{
    RedisProtocol protocol;
    RedisHandshake handshake(protocol, parse_redis_url(url));
    for (size_t i = 0; i < before; ++i)
        handshake.take(ok());
    try {
        handshake.take(RedisReply::of_text(Kind::error, answer));
    } catch (const Error& error) {
        for (const std::string& part : {error.message(), error.detail(), error.hint()})
            EXPECT_THAT(part, Not(HasSubstr("hunter2")));
        return error;
    }
    return Error("00000", "");
}

std::string sqlstate_of(const char* answer, size_t before,
                        const char* url = "redis://u:hunter2@h/1")
{
    return error_of(answer, before, url).sqlstate();
}

TEST(RedisHandshake, SaysWhoWeAre)
{
    const std::string end = "*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n"
                            "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$7\r\nsynckit\r\n";
    EXPECT_EQ(words_of("redis://h", 2), end);
    EXPECT_EQ(words_of("redis://:pw@h", 3), "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n" + end);
    EXPECT_EQ(words_of("redis://me:pw@h/3", 4), "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n"
                                                "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n" +
                                                    end);
    EXPECT_EQ(words_of("redis://me@h", 3), "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$0\r\n\r\n" + end);
}

TEST(RedisHandshake, LearnsWhatTheServerIs)
{
    const auto parse = [](const RedisReply& reply) {
        return parse_role(reply, RoleCommand::hello);
    };
    RedisServer server = parse(hello("standalone", "master"));
    EXPECT_FALSE(server.is_cluster || server.is_replica || server.is_sentinel);
    require_primary(server);
    require_primary(parse(hello("cluster", "replica")));
    require_primary(parse(error("ERR unknown command 'HELLO'")));
    require_primary(parse(RedisReply::array()));
    EXPECT_THROW(require_primary(parse(hello("standalone", "replica"))), Error);
    EXPECT_THROW(require_primary(parse(hello("sentinel", "master"))), Error);

    RedisProtocol protocol;
    RedisHandshake handshake(protocol, parse_redis_url("redis://h"));
    handshake.take(hello("cluster", "master"));
    handshake.take(ok());
    EXPECT_TRUE(handshake.server().is_cluster);
    EXPECT_EQ(handshake.server().role_command, RoleCommand::hello);
}

TEST(RedisHandshake, LearnsItOfAServerWithoutHello)
{
    const auto parse = [](const RedisReply& reply) { return parse_role(reply, RoleCommand::role); };
    require_primary(parse(role("master")));
    require_primary(parse(error("LOADING")));
    require_primary(parse(RedisReply::array()));
    EXPECT_THROW(require_primary(parse(role("slave"))), Error);
    EXPECT_THROW(require_primary(parse(role("sentinel"))), Error);

    const auto server_of = [](const RedisReply& info, const RedisReply& role) {
        RedisProtocol protocol;
        RedisHandshake handshake(protocol, parse_redis_url("redis://h"));
        const size_t before = protocol.output().size();
        handshake.take(error("ERR unknown command 'HELLO'"));
        EXPECT_EQ(protocol.output().substr(before),
                  "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n*1\r\n$4\r\nROLE\r\n");
        handshake.take(ok());
        handshake.take(info);
        EXPECT_FALSE(handshake.done());
        handshake.take(role);
        EXPECT_TRUE(handshake.done());
        return handshake.server();
    };
    const auto info = [](const char* mode) {
        return RedisReply::of_text(Kind::string, "# Server\r\nredis_version:5.0.14\r\nredis_mode:" +
                                                     std::string(mode) + "\r\nos:Linux\r\n");
    };
    RedisServer server = server_of(info("standalone"), role("master"));
    EXPECT_FALSE(server.is_cluster || server.is_replica || server.is_sentinel);
    EXPECT_EQ(server.role_command, RoleCommand::role);
    EXPECT_TRUE(server_of(info("standalone"), role("slave")).is_replica);
    EXPECT_TRUE(server_of(info("sentinel"), role("sentinel")).is_sentinel);
    server = server_of(info("cluster"), role("slave"));
    EXPECT_TRUE(server.is_cluster && server.is_replica);
    require_primary(server);
    EXPECT_TRUE(server_of(error("NOPERM"), role("slave")).is_replica);
    EXPECT_EQ(server_of(info("standalone"), error("ERR unknown command 'ROLE'")).role_command,
              RoleCommand::none);
}

TEST(RedisHandshake, ExplainsRefusals)
{
    EXPECT_EQ(sqlstate_of("WRONGPASS invalid username-password pair or user is disabled.", 0),
              "28000");
    EXPECT_EQ(sqlstate_of("NOPERM this user has no permissions to run the 'select' command", 1),
              "28000");
    EXPECT_EQ(sqlstate_of("NOAUTH HELLO must be called with the client already authenticated", 0,
                          "redis://h"),
              "28000");
    EXPECT_EQ(sqlstate_of("ERR invalid password", 0, "redis://:x@h"), "28000");
    EXPECT_EQ(sqlstate_of("ERR DB index is out of range", 1), "08004");
    EXPECT_EQ(sqlstate_of("DENIED Redis is running in protected mode", 0, "redis://h"), "28000");
    EXPECT_EQ(sqlstate_of("ERR max number of clients reached", 0, "redis://h"), "08004");
    EXPECT_EQ(sqlstate_of("LOADING Redis is loading the dataset in memory", 0), "08004");

    const Error error = error_of("NOAUTH Authentication required.", 0, "redis://h");
    EXPECT_THAT(error.detail(), HasSubstr("Authentication required"));
    EXPECT_THAT(error.hint(), HasSubstr("redis_password_file"));
}

TEST(RedisHandshake, NeverShowsThePassword)
{
    EXPECT_EQ(sqlstate_of("ERR unknown command 'AUTH', with args beginning with: 'u' 'hunter2'", 0),
              "08004");
    EXPECT_EQ(sqlstate_of("WRONGPASS hunter2", 0), "28000");
}

TEST(RedisHandshake, DoesWithoutWhatItCan)
{
    EXPECT_EQ(sqlstate_of("ERR unknown command 'HELLO'", 2), "00000");
    EXPECT_EQ(sqlstate_of("ERR unknown command 'CLIENT'", 3), "00000");
    EXPECT_EQ(sqlstate_of("NOPERM User u has no permissions to run 'client|setname'", 3), "00000");
    EXPECT_EQ(sqlstate_of("NOPERM User u has no permissions to run 'select'", 1), "28000");
}

} // namespace
} // namespace synckit
