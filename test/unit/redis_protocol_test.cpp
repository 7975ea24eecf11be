#include "redis/protocol.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using Kind = RedisReply::Kind;
using namespace std::literals;

void feed(RedisProtocol& protocol, std::string_view bytes)
{
    // A copy of the right size, so that the address sanitizer sees a read beyond its end.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    protocol.feed(exact.data(), exact.size());
}

std::vector<RedisReply> drain(RedisProtocol& protocol)
{
    std::vector<RedisReply> replies;
    while (auto reply = protocol.next_reply())
        replies.push_back(std::move(*reply));
    return replies;
}

RedisReply array_of(std::vector<RedisReply> elements)
{
    RedisReply reply = RedisReply::array();
    reply.elements() = std::move(elements);
    return reply;
}

RedisReply string_of(std::string text)
{
    return RedisReply::of_text(Kind::string, std::move(text));
}

/* A reply of every kind, and what it is on the wire. */
struct Sample {
    std::string bytes;
    RedisReply reply;
};

std::vector<Sample> samples()
{
    const std::string binary = "a\0\r\n\xff"s;
    return {
        {"+OK\r\n", RedisReply::of_text(Kind::status, "OK")},
        {"+\r\n", RedisReply::of_text(Kind::status, "")},
        {"-ERR no such thing\r\n", RedisReply::of_text(Kind::error, "ERR no such thing")},
        {":0\r\n", RedisReply::of_integer(0)},
        {":-9223372036854775808\r\n", RedisReply::of_integer(INT64_MIN)},
        {":9223372036854775807\r\n", RedisReply::of_integer(INT64_MAX)},
        {"$0\r\n\r\n", string_of("")},
        {"$5\r\n" + binary + "\r\n", string_of(binary)},
        {"$20000\r\n" + std::string(20000, 'x') + "\r\n", string_of(std::string(20000, 'x'))},
        {"$-1\r\n", RedisReply::nil()},
        {"*-1\r\n", RedisReply::nil()},
        {"*0\r\n", RedisReply::array()},
        {"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n{}\r\n",
         array_of({string_of("message"), string_of("c"), string_of("{}")})},
        {"*3\r\n*2\r\n:1\r\n*1\r\n+a\r\n*0\r\n*1\r\n-E\r\n",
         array_of({array_of({RedisReply::of_integer(1),
                             array_of({RedisReply::of_text(Kind::status, "a")})}),
                   RedisReply::array(), array_of({RedisReply::of_text(Kind::error, "E")})})},
    };
}

TEST(RedisProtocol, WritesCommands)
{
    RedisProtocol protocol;
    EXPECT_EQ(protocol.output(), "");
    protocol.append_command({"PING"});
    protocol.append_command({"PUBLISH", "", "a\0\r\n"s});
    EXPECT_EQ(protocol.output(),
              "*1\r\n$4\r\nPING\r\n*3\r\n$7\r\nPUBLISH\r\n$0\r\n\r\n$4\r\na\0\r\n\r\n"s);
    EXPECT_THROW(protocol.append_command({}), Error);
}

TEST(RedisProtocol, SendsInPieces)
{
    RedisProtocol protocol;
    std::string expected;
    std::string sent;
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i) {
        const std::string payload(random() % 300, static_cast<char>('a' + i % 26));
        protocol.append_command({"PUBLISH", "channel", payload});
        expected += "*3\r\n$7\r\nPUBLISH\r\n$7\r\nchannel\r\n$" + std::to_string(payload.size()) +
                    "\r\n" + payload + "\r\n";
        if (random() % 3 == 0) {
            const size_t n = std::min<size_t>(random() % 2000, protocol.output().size());
            sent += protocol.output().substr(0, n);
            protocol.consume_output(n);
        }
    }
    sent += protocol.output();
    protocol.consume_output(protocol.output().size());
    EXPECT_EQ(protocol.output(), "");
    EXPECT_TRUE(sent == expected);
    protocol.consume_output(1000); // more than there is
    protocol.append_command({"PING"});
    EXPECT_EQ(protocol.output(), "*1\r\n$4\r\nPING\r\n");
}

TEST(RedisProtocol, ReadsEveryKindOfReply)
{
    for (const Sample& sample : samples()) {
        RedisProtocol protocol;
        EXPECT_FALSE(protocol.next_reply());
        feed(protocol, sample.bytes);
        EXPECT_THAT(drain(protocol), testing::ElementsAre(sample.reply)) << sample.bytes;
    }
}

TEST(RedisProtocol, AnErrorReplyIsAValue)
{
    RedisProtocol protocol;
    feed(protocol, "-WRONGPASS no\r\n+OK\r\n");
    const auto refusal = protocol.next_reply();
    ASSERT_TRUE(refusal && refusal->is_error());
    EXPECT_EQ(refusal->text(), "WRONGPASS no");
    EXPECT_EQ(protocol.next_reply()->text(), "OK");
}

TEST(RedisProtocol, ReadsByteByByte)
{
    for (const Sample& sample : samples()) {
        RedisProtocol protocol;
        for (size_t i = 0; i < sample.bytes.size(); ++i) {
            EXPECT_FALSE(protocol.next_reply()) << sample.bytes;
            feed(protocol, std::string_view(sample.bytes).substr(i, 1));
        }
        EXPECT_THAT(drain(protocol), testing::ElementsAre(sample.reply)) << sample.bytes;
    }
}

TEST(RedisProtocol, ReadsAnySplit)
{
    const auto all = samples();
    std::mt19937 random(42);
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        std::vector<RedisReply> expected;
        for (int i = 0; i < 30; ++i) {
            const Sample& sample = all[random() % all.size()];
            bytes += sample.bytes;
            expected.push_back(sample.reply);
        }
        RedisProtocol protocol;
        std::vector<RedisReply> replies;
        for (std::string_view rest = bytes; !rest.empty();) {
            const size_t n = std::min<size_t>(1 + random() % 3000, rest.size());
            feed(protocol, rest.substr(0, n));
            rest.remove_prefix(n);
            if (random() % 2 == 0 || rest.empty())
                for (auto& reply : drain(protocol))
                    replies.push_back(std::move(reply));
        }
        ASSERT_TRUE(replies == expected) << "round " << round;
    }
}

TEST(RedisProtocol, ReadsALargePipeline)
{
    RedisProtocol protocol;
    std::string bytes;
    constexpr int count = 200'000;
    for (int i = 0; i < count; ++i)
        bytes += ":" + std::to_string(i) + "\r\n";
    for (std::string_view rest = bytes; !rest.empty();
         rest.remove_prefix(std::min<size_t>(65536, rest.size())))
        feed(protocol, rest.substr(0, 65536));
    for (int i = 0; i < count; ++i)
        ASSERT_EQ(protocol.next_reply()->integer(), i);
    EXPECT_FALSE(protocol.next_reply());
}

TEST(RedisProtocol, RefusesWhatIsNotTheProtocol)
{
    const std::string bad[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "\x15\x03\x03\x00\x02\x02\x46",
        "\r\n",
        "$-2\r\n",
        "$99999999999999999999\r\n",
        "$12x\r\n",
        "$\r\n",
        "*-2\r\n",
        "*9223372036854775807\r\n",
        "*99999999999999999999\r\n",
        "*x\r\n",
        ":\r\n",
        ":12a\r\n",
        ":9223372036854775808\r\n",
        "*2\r\n:1\r\n?\r\n",
    };
    for (const std::string& bytes : bad) {
        RedisProtocol protocol;
        feed(protocol, bytes);
        try {
            protocol.next_reply();
            ADD_FAILURE() << "accepted: " << bytes;
        } catch (const Error& error) {
            EXPECT_STREQ(error.sqlstate(), "08P01");
            EXPECT_FALSE(error.detail().empty());
        }
        // Nothing more comes of it, until it is made anew.
        EXPECT_THROW(feed(protocol, "+OK\r\n"), Error);
        EXPECT_THROW(protocol.next_reply(), Error);
        protocol.reset();
        feed(protocol, "+OK\r\n");
        EXPECT_EQ(protocol.next_reply()->text(), "OK");
    }
}

TEST(RedisProtocol, BelievesNoAnnouncement)
{
    // What is announced costs nothing until it comes.
    for (const char* bytes : {"*2147483647\r\n", "*2147483647\r\n:1\r\n*2147483647\r\n:2\r\n",
                              "$9223372036854775807\r\nabc", "$2147483648\r\nabc"}) {
        RedisProtocol protocol;
        feed(protocol, bytes);
        EXPECT_FALSE(protocol.next_reply()) << bytes;
    }
}

TEST(RedisProtocol, EndsDeepNesting)
{
    RedisProtocol protocol;
    std::string bytes;
    for (int i = 0; i < 100'000; ++i)
        bytes += "*1\r\n";
    feed(protocol, bytes);
    EXPECT_THROW(protocol.next_reply(), Error);
}

TEST(RedisProtocol, BoundsWhatItHolds)
{
    RedisProtocol protocol(1000);
    for (int i = 0; i < 100; ++i) { // many replies, each small enough
        feed(protocol, "$500\r\n" + std::string(500, 'x') + "\r\n");
        EXPECT_EQ(drain(protocol).size(), 1u);
    }
    feed(protocol, "$2000\r\n" + std::string(900, 'x'));
    EXPECT_FALSE(protocol.next_reply());
    EXPECT_THROW(feed(protocol, std::string(200, 'x')), Error);

    protocol.reset();
    feed(protocol, "*1000\r\n"); // parts of one reply count together
    EXPECT_THROW(
        for (int i = 0; i < 1000; ++i) {
            feed(protocol, ":1\r\n");
            protocol.next_reply();
        },
        Error);

    protocol.reset();
    protocol.limit_replies(3000);
    feed(protocol, "$2000\r\n" + std::string(2000, 'x') + "\r\n");
    EXPECT_EQ(drain(protocol).size(), 1u);
    EXPECT_THROW(feed(protocol, std::string(3001, 'x')), Error);
}

TEST(RedisProtocol, BoundsItsElements)
{
    constexpr size_t most = RedisProtocol::max_reply_elements;
    const auto array_of = [](size_t elements) {
        std::string bytes = "*" + std::to_string(elements) + "\r\n";
        for (size_t i = 0; i < elements; ++i)
            bytes += ":1\r\n";
        return bytes;
    };
    RedisProtocol protocol;
    for (int i = 0; i < 2; ++i) { // the array is one, too; and each reply counts for itself
        feed(protocol, array_of(most - 1));
        EXPECT_EQ(drain(protocol).size(), 1u);
    }
    feed(protocol, array_of(most));
    try {
        protocol.next_reply();
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.sqlstate(), "08P01");
        EXPECT_THAT(error.detail(), testing::HasSubstr("elements"));
    }
    protocol.reset();
    feed(protocol, ":1\r\n");
    EXPECT_EQ(drain(protocol).size(), 1u);
}

TEST(RedisProtocol, ResetForgetsEverything)
{
    RedisProtocol protocol;
    protocol.append_command({"PING"});
    protocol.consume_output(3);
    feed(protocol, "$10\r\nabc");
    EXPECT_FALSE(protocol.next_reply());
    protocol.reset();
    EXPECT_EQ(protocol.output(), "");
    feed(protocol, "+PONG\r\n");
    EXPECT_EQ(protocol.next_reply()->text(), "PONG");
}

TEST(RedisProtocol, SurvivesNoise)
{
    // Valid bytes with some of them changed, doubled or dropped: replies or an Error, whatever
    // comes.
    const auto all = samples();
    const std::string_view alphabet = "*$+-:0123456789\r\n\0x"sv;
    std::mt19937 random(1);
    int errors = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes;
        for (int i = 0; i < 5; ++i) {
            const std::string& sample = all[random() % all.size()].bytes;
            bytes += sample.size() < 1000 ? sample : "";
        }
        for (unsigned changes = random() % 4; changes > 0 && !bytes.empty(); --changes) {
            const size_t at = random() % bytes.size();
            switch (random() % 3) {
            case 0:
                bytes[at] = alphabet[random() % alphabet.size()];
                break;
            case 1:
                bytes.insert(at, 1, alphabet[random() % alphabet.size()]);
                break;
            default:
                bytes.erase(at, 1);
            }
        }
        RedisProtocol protocol;
        try {
            for (std::string_view rest = bytes; !rest.empty();) {
                const size_t n = std::min<size_t>(1 + random() % 40, rest.size());
                feed(protocol, rest.substr(0, n));
                rest.remove_prefix(n);
                drain(protocol);
            }
        } catch (const Error&) {
            ++errors;
        }
    }
    EXPECT_GT(errors, 1000); // the noise was noise
}

} // namespace
} // namespace synckit
