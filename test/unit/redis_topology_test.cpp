#include "redis/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using Kind = RedisReply::Kind;

RedisReply text(std::string_view words)
{
    return RedisReply::of_text(Kind::string, std::string(words));
}

RedisReply array(std::vector<RedisReply> elements)
{
    RedisReply reply = RedisReply::array();
    reply.elements() = std::move(elements);
    return reply;
}

RedisReply range(long long first, long long last, RedisReply host, long long port)
{
    return array({RedisReply::of_integer(first), RedisReply::of_integer(last),
                  array({std::move(host), RedisReply::of_integer(port), text("an id")}),
                  array({text("a replica"), RedisReply::of_integer(1), text("an id")})});
}

template <class Call>
std::string sqlstate_of(Call call)
{
    try {
        call();
    } catch (const Error& error) {
        return error.sqlstate();
    }
    return "00000";
}

/* The examples are what CLUSTER KEYSLOT of Redis 7.0 answers. */
TEST(RedisSlots, AreThoseOfRedis)
{
    EXPECT_EQ(slot_of(""), 0);
    EXPECT_EQ(slot_of("123456789"), 0x31c3);
    EXPECT_EQ(slot_of("foo"), 12182);
    EXPECT_EQ(slot_of("synckit:broadcast"), slot_of("{synckit:broadcast}"));
    EXPECT_EQ(slot_of("a{foo}b{bar}"), slot_of("foo"));
    EXPECT_EQ(slot_of("foo{}{bar}"), 8363); // nothing in the first braces: all of it counts
    EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
    EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
    EXPECT_NE(slot_of("}foo{"), slot_of("foo"));
}

TEST(RedisSlots, ReadsWhoServesThem)
{
    const RedisHost asked{"asked", 7};
    const auto reply = array({range(0, 99, text("a"), 1), range(100, 100, text("b"), 2),
                              range(200, 16383, text("a"), 1)});
    SlotMap map = SlotMap::parse(reply, asked);
    EXPECT_EQ(map.primaries(), (std::vector<RedisHost>{{"a", 1}, {"b", 2}}));
    EXPECT_EQ(map.primary_of(0), 0);
    EXPECT_EQ(map.primary_of(100), 1);
    EXPECT_EQ(map.primary_of(101), SlotMap::nobody);
    EXPECT_EQ(map.primary_of(16383), 0);

    EXPECT_EQ(map.move(100, {"a", 1}), 0);
    EXPECT_EQ(map.primary_of(100), 0);
    EXPECT_EQ(map.move(101, {"c", 3}), 2);
    EXPECT_EQ(map.primaries().size(), 3u);

    for (auto unknown : {RedisReply::nil(), text(""), text("?")})
        EXPECT_EQ(SlotMap::parse(array({range(0, 1, unknown, 9)}), asked).primaries()[0],
                  (RedisHost{"asked", 9}));
}

/* As Redis 7.0 lists them: each slot a range of its own, with a primary and three replicas, whose
 * host names are as long as DNS has them. */
TEST(RedisSlots, ReadsTheLongestListOfThem)
{
    constexpr int nodes = 4;
    const auto bulk = [](const std::string& words) {
        return "$" + std::to_string(words.size()) + "\r\n" + words + "\r\n";
    };
    const auto integer = [](int number) { return ":" + std::to_string(number) + "\r\n"; };
    const auto name = [](int shard) {
        return "shard-" + std::to_string(shard) + std::string(235, 'x') + ".example";
    };
    RedisProtocol protocol(4096);
    SlotMap::append_query(protocol);
    std::optional<RedisReply> reply;
    const auto feed = [&](const std::string& bytes) {
        EXPECT_FALSE(reply);
        protocol.feed(bytes.data(), bytes.size());
        reply = protocol.next_reply();
    };
    feed("*" + std::to_string(slot_count) + "\r\n");
    for (int slot = 0; slot < slot_count; ++slot) {
        std::string range =
            "*" + std::to_string(2 + nodes) + "\r\n" + integer(slot) + integer(slot);
        for (int node = 0; node < nodes; ++node)
            range += "*4\r\n" + bulk(name(slot % 100)) + integer(6379 + node) +
                     bulk(std::string(40, 'f')) + "*2\r\n" + bulk("ip") + bulk("192.168.100.100");
        feed(range);
    }
    ASSERT_TRUE(reply);
    const SlotMap map = SlotMap::parse(*reply, {"asked", 7});
    EXPECT_EQ(map.primaries().size(), 100u);
    for (uint16_t slot = 0; slot < slot_count; ++slot)
        EXPECT_EQ(map.primary_of(slot), slot % 100);
}

TEST(RedisSlots, RefusesWhatIsNoListOfThem)
{
    const RedisHost asked;
    const auto sqlstate = [&](const RedisReply& reply) {
        return sqlstate_of([&] { SlotMap::parse(reply, asked); });
    };
    EXPECT_EQ(sqlstate(RedisReply::nil()), "08P01");
    EXPECT_EQ(sqlstate(array({RedisReply::nil()})), "08P01");
    EXPECT_EQ(sqlstate(array({range(-1, 1, text("a"), 1)})), "08P01");
    EXPECT_EQ(sqlstate(array({range(2, 1, text("a"), 1)})), "08P01");
    EXPECT_EQ(sqlstate(array({range(0, 16384, text("a"), 1)})), "08P01");
    EXPECT_EQ(sqlstate(array({range(0, 1, text("a"), 0)})), "08P01");
    EXPECT_EQ(sqlstate(array({range(0, 1, text("a"), 65536)})), "08P01");
    EXPECT_EQ(sqlstate(array({range(0, 1, text("a\nb"), 1)})), "08P01");
    EXPECT_EQ(sqlstate(array({range(0, 1, text(std::string("a\0b", 3)), 1)})), "08P01");
    EXPECT_EQ(sqlstate(array({})), "08001");
    EXPECT_EQ(sqlstate(RedisReply::of_text(Kind::error, "ERR This instance has cluster support "
                                                        "disabled")),
              "08001");
    EXPECT_EQ(sqlstate(RedisReply::of_text(Kind::error, "NOPERM no")), "28000");

    std::vector<RedisReply> many;
    for (int i = 1; i <= 1001; ++i)
        many.push_back(range(i, i, text("a"), i));
    EXPECT_EQ(sqlstate(array(std::move(many))), "08P01");
}

TEST(RedisSlots, ReadsWhereTheyHaveMoved)
{
    const auto moved = parse_moved("MOVED 3999 127.0.0.1:6381");
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->slot, 3999);
    EXPECT_EQ(moved->to, (RedisHost{"127.0.0.1", 6381}));
    EXPECT_EQ(parse_moved("MOVED 1 ::1:7000")->to, (RedisHost{"::1", 7000}));
    EXPECT_EQ(parse_moved("MOVED 1 :7000")->to, (RedisHost{"", 7000}));
    EXPECT_EQ(parse_moved("MOVED 1 ?:7000")->to, (RedisHost{"", 7000}));
    for (const char* text :
         {"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 a", "MOVED 1 a:", "MOVED 1 a:0",
          "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED x a:1", "MOVED 1 a:65536", "MOVED 1 a b:1",
          "MOVED 1:2 a", "ASK 1 a:1", "MOVED 1 a\x1b:1"})
        EXPECT_FALSE(parse_moved(text)) << text;
}

TEST(RedisSentinel, NamesThePrimary)
{
    EXPECT_EQ(parse_primary(array({text("10.0.0.1"), text("6379")})),
              (RedisHost{"10.0.0.1", 6379}));
    const auto sqlstate = [&](const RedisReply& reply) {
        return sqlstate_of([&] { parse_primary(reply); });
    };
    EXPECT_EQ(sqlstate(RedisReply::nil()), "08001");
    EXPECT_EQ(sqlstate(RedisReply::of_integer(1)), "08P01");
    EXPECT_EQ(sqlstate(array({text("a"), text("0")})), "08P01");
    EXPECT_EQ(sqlstate(array({text("a"), text("65536")})), "08P01");
    EXPECT_EQ(sqlstate(array({text("a"), text("1x")})), "08P01");
    EXPECT_EQ(sqlstate(array({text(""), text("1")})), "08P01");
    EXPECT_EQ(sqlstate(array({text("a b"), text("1")})), "08P01");
    EXPECT_EQ(sqlstate(array({text("a")})), "08P01");
    EXPECT_EQ(sqlstate(RedisReply::of_text(Kind::error, "NOAUTH Authentication required.")),
              "28000");
    EXPECT_EQ(sqlstate(RedisReply::of_text(Kind::error, "ERR unknown command 'SENTINEL'")),
              "08001");
}

} // namespace
} // namespace synckit
