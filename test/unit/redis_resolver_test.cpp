#include "redis_client/resolver.hpp"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synckit {
namespace {

using std::chrono::steady_clock;

TEST(RedisResolver, FindsWhatTheSystemKnows)
{
    const HostAddresses found =
        find_host({"127.0.0.1", 6379}, steady_clock::now() + std::chrono::minutes(1));
    ASSERT_NE(found.addresses, nullptr) << found.error;
    EXPECT_EQ(found.addresses->ai_family, AF_INET);
    EXPECT_EQ(found.addresses->ai_socktype, SOCK_STREAM);
}

TEST(RedisResolver, SaysWhyThereIsNone)
{
    const HostAddresses found =
        find_host({"no host has such a name", 6379}, steady_clock::now() + std::chrono::minutes(1));
    EXPECT_EQ(found.addresses, nullptr);
    EXPECT_THAT(found.error, testing::Not(testing::IsEmpty()));
}

/* It goes on asking, but nobody waits for it. */
TEST(RedisResolver, DoesNotWaitBeyondTheDeadline)
{
    auto answers = std::make_shared<std::promise<void>>();
    auto was_asked = std::make_shared<std::promise<void>>();
    auto answer = std::make_shared<std::shared_future<void>>(answers->get_future());
    const HostAddresses found =
        find_host({"redis.example", 6379}, steady_clock::now() + std::chrono::milliseconds(20),
                  [answer, was_asked](const RedisHost&) -> HostAddresses {
                      answer->wait();
                      was_asked->set_value();
                      return {nullptr, "too late"};
                  });
    EXPECT_EQ(found.addresses, nullptr);
    EXPECT_EQ(found.error, "No name server answers");
    answers->set_value();
    was_asked->get_future().wait();
}

} // namespace
} // namespace synckit
