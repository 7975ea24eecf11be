#include "redis/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using testing::HasSubstr;
using testing::Not;

/* The Error that a URL raises; fails the test if it raises none. */
Error error_of(std::string_view text)
{
    try {
        parse_redis_url(text);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "accepted: " << text;
    return Error("00000", "");
}

TEST(RedisUrl, HasDefaults)
{
    const RedisUrl url = parse_redis_url("redis://");
    EXPECT_FALSE(url.tls);
    EXPECT_FALSE(url.is_unix());
    EXPECT_EQ(url.hosts, (std::vector<RedisHost>{{"localhost", 6379}}));
    EXPECT_FALSE(url.has_sentinels());
    EXPECT_EQ(url.user, "");
    EXPECT_FALSE(url.has_password());
    EXPECT_EQ(url.database, 0);
    EXPECT_EQ(url.display(), "redis://localhost:6379");
}

TEST(RedisUrl, ReadsAllParts)
{
    const RedisUrl url = parse_redis_url("rediss://alice:s3cret@redis.example.com:6380/12");
    EXPECT_TRUE(url.tls);
    EXPECT_EQ(url.hosts, (std::vector<RedisHost>{{"redis.example.com", 6380}}));
    EXPECT_EQ(url.user, "alice");
    EXPECT_EQ(url.password, "s3cret");
    EXPECT_EQ(url.database, 12);
    EXPECT_EQ(url.display(), "rediss://alice@redis.example.com:6380/12");
}

TEST(RedisUrl, ReadsHostsAndPorts)
{
    EXPECT_EQ(parse_redis_url("redis://127.0.0.1").hosts[0].name, "127.0.0.1");
    EXPECT_EQ(parse_redis_url("redis://:7000").hosts[0].name, "localhost");
    EXPECT_EQ(parse_redis_url("redis://:7000").hosts[0].port, 7000);
    EXPECT_EQ(parse_redis_url("REDIS://Host").hosts[0].name, "Host");
    EXPECT_EQ(parse_redis_url("redis://h/").database, 0);
    EXPECT_EQ(parse_redis_url("redis:///3").database, 3);

    const RedisUrl ipv6 = parse_redis_url("redis://[::1]:6390/1");
    EXPECT_EQ(ipv6.hosts[0], (RedisHost{"::1", 6390}));
    EXPECT_EQ(ipv6.display(), "redis://[::1]:6390/1");
    EXPECT_EQ(parse_redis_url("redis://[fe80::1%25eth0]").hosts[0].name, "fe80::1%eth0");
}

TEST(RedisUrl, ReadsSeveralHosts)
{
    const RedisUrl url = parse_redis_url("rediss://bob:a,b@one:1,[::1]:2,three/4");
    EXPECT_EQ(url.hosts, (std::vector<RedisHost>{{"one", 1}, {"::1", 2}, {"three", 6379}}));
    EXPECT_EQ(url.password, "a,b");
    EXPECT_EQ(url.database, 4);
    EXPECT_EQ(url.display(), "rediss://bob@one:1,[::1]:2,three:6379/4");
}

TEST(RedisUrl, ReadsSentinels)
{
    const RedisUrl url = parse_redis_url("redis+sentinel://:pw@one:26380,two/mymaster/2");
    EXPECT_TRUE(url.has_sentinels());
    EXPECT_FALSE(url.tls);
    EXPECT_EQ(url.hosts, (std::vector<RedisHost>{{"one", 26380}, {"two", 26379}}));
    EXPECT_EQ(url.sentinel_name, "mymaster");
    EXPECT_EQ(url.password, "pw");
    EXPECT_EQ(url.database, 2);
    EXPECT_EQ(url.display(), "redis+sentinel://one:26380,two:26379/mymaster/2");

    const RedisUrl tls = parse_redis_url("Rediss+Sentinel:///m");
    EXPECT_TRUE(tls.tls);
    EXPECT_EQ(tls.hosts, (std::vector<RedisHost>{{"localhost", 26379}}));
    EXPECT_EQ(parse_redis_url("redis+sentinel://h/a%2Fb/").sentinel_name, "a/b");
}

TEST(RedisUrl, ReadsUserAndPassword)
{
    const RedisUrl only_password = parse_redis_url("redis://:secret@host");
    EXPECT_EQ(only_password.user, "");
    EXPECT_EQ(only_password.password, "secret");

    const RedisUrl only_user = parse_redis_url("redis://alice@host");
    EXPECT_EQ(only_user.user, "alice");
    EXPECT_FALSE(only_user.has_password());

    EXPECT_EQ(parse_redis_url("redis://alice:@host").password, "");
    EXPECT_FALSE(parse_redis_url("redis://:@host").has_password());

    const RedisUrl escaped = parse_redis_url("redis://a%40b:p%3a%2F%25%00@host");
    EXPECT_EQ(escaped.user, "a@b");
    EXPECT_EQ(escaped.password, std::string("p:/%\0", 5));
    EXPECT_EQ(escaped.display(), "redis://a%40b@host:6379");

    // Not escaped, but there is only one way to read it.
    EXPECT_EQ(parse_redis_url("redis://:p@ss:word@host").password, "p@ss:word");
}

TEST(RedisUrl, ReadsUnixSockets)
{
    for (const char* text : {"unix:///run/redis.sock", "redis+unix:///run/redis.sock"}) {
        const RedisUrl url = parse_redis_url(text);
        EXPECT_TRUE(url.is_unix());
        EXPECT_EQ(url.unix_path, "/run/redis.sock");
        EXPECT_EQ(url.display(), "unix:///run/redis.sock");
    }
    const RedisUrl url = parse_redis_url("unix://bob:secret@/run/my%20redis.sock?db=4");
    EXPECT_EQ(url.user, "bob");
    EXPECT_EQ(url.password, "secret");
    EXPECT_EQ(url.unix_path, "/run/my redis.sock");
    EXPECT_EQ(url.database, 4);
    EXPECT_EQ(url.display(), "unix://bob@/run/my%20redis.sock?db=4");
}

TEST(RedisUrl, WhatIsShownNamesTheSameServer)
{
    for (const char* text : {"redis://[fe80::1%25eth0]:7000/2", "redis://[::%5d]", "redis://a%2fb",
                             "redis://a%2Fb@host", "redis://a%3ab", "redis://a%2Cb,[::1]:7",
                             "redis+sentinel://a,b/my%2Fname/3", "rediss+sentinel://u:p@a/n",
                             "unix://a%2Fb@/p%3Fdb=1?db=2"}) {
        const RedisUrl url = parse_redis_url(text);
        const RedisUrl again = parse_redis_url(url.display());
        EXPECT_EQ(again.user, url.user) << text;
        EXPECT_EQ(again.hosts, url.hosts) << text;
        EXPECT_EQ(again.sentinel_name, url.sentinel_name) << text;
        EXPECT_EQ(again.unix_path, url.unix_path) << text;
        EXPECT_EQ(again.database, url.database) << text;
    }
    EXPECT_EQ(parse_redis_url("redis://[fe80::1%25eth0]").display(),
              "redis://[fe80::1%25eth0]:6379");
}

TEST(RedisUrl, RefusesBadInput)
{
    const std::string long_path(108, 'x');
    std::string many_hosts = "redis://h";
    for (size_t i = 1; i <= max_redis_hosts; ++i)
        many_hosts += ",h";
    const std::string bad[] = {
        "",
        "localhost",
        "localhost:6379",
        "http://host",
        "redis:/host",
        "redis://host:0",
        "redis://host:65536",
        "redis://host:-1",
        "redis://host:+1",
        "redis://host:",
        "redis://host:6379x",
        "redis://host:99999999999999999999",
        "redis://::1",
        "redis://[::1",
        "redis://[::1]x",
        "redis://[host]",
        "redis://[]",
        "redis://ho st",
        "redis://ho%00st",
        "redis://ho%0ast",
        "redis://host/x",
        "redis://host/-1",
        "redis://host/1/",
        "redis://host/99999999999",
        "redis://host?db=1",
        "redis://host#1",
        "redis://%zz@host",
        "redis://:%4@host",
        "redis://:%@host",
        "redis://a,",
        "redis://,a",
        "redis://a,,b",
        "redis://a,b c",
        "redis+sentinel://h",
        "redis+sentinel://h/",
        "redis+sentinel://h//1",
        "redis+sentinel://h/name/x",
        "redis+sentinel://h/name/1/2",
        "redis+sentinel://h/na%0ame",
        "redis+sentinel://h/name?db=1",
        "redis+tls://h",
        "unix://",
        "unix:///",
        "unix://relative/path",
        "unix://user:secret/path",
        "unix:///path?db=",
        "unix:///path?db=x",
        "unix:///path?database=1",
        "unix:///path?db=1&x=2",
        "unix:///pa%00th",
        "unix:///" + long_path,
        many_hosts,
    };
    for (const std::string& text : bad) {
        const Error error = error_of(text);
        EXPECT_STREQ(error.sqlstate(), "22023") << text;
        EXPECT_FALSE(error.message().empty() || error.detail().empty() || error.hint().empty());
    }
}

TEST(RedisUrl, NeverShowsThePassword)
{
    const char* mistyped[] = {
        "redis://user:hunter2@host:port",
        "redis://:hunter2@host/db",
        "redis://user:hunter2",
        "redis://hunter2:hunter2@:x",
        "hunter2@host",
        "redis:/:hunter2@host",
        "redis://:hun/hunter2@host",
        "redis://:hunter2%@host",
        "unix://:hunter2@relative",
        "unix://:hunter2@/path?hunter2",
        "redis://:hunter2@[hunter2",
        "redis://:#hunter2@host",
    };
    for (const char* text : mistyped) {
        const Error error = error_of(text);
        for (const std::string& part : {error.message(), error.detail(), error.hint()})
            EXPECT_THAT(part, Not(HasSubstr("hunter2"))) << text;
    }
    EXPECT_THAT(parse_redis_url("redis://u:hunter2@h").display(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(parse_redis_url("unix://u:hunter2@/p").display(), Not(HasSubstr("hunter2")));
}

} // namespace
} // namespace synckit
