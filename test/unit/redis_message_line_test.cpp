#include "cli/message_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/json_members.hpp"
#include "redis/printable.hpp"

namespace synckit {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

TEST(Printable, LeavesTextAlone)
{
    for (const char* text : {"", "plain text", "Käse, 日本語, 🙂", "\"quotes\" and \\"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsWhatWouldBeObeyed)
{
    EXPECT_EQ(printable("\x1b[31m\n\0\x7f"s), "\\u001b[31m\\u000a\\u0000\\u007f");
    EXPECT_EQ(printable("\u009b\u202e\u2028"), "\\u009b\\u202e\\u2028");
    EXPECT_EQ(printable("a\xff\xc3("), "a\\xff\\xc3(");
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");          // cut short
}

TEST(Printable, CutsBetweenCharacters)
{
    EXPECT_EQ(printable("abc", 3), "abc");
    EXPECT_EQ(printable("abcd", 3), "abc…");
    EXPECT_EQ(printable("ab日", 4), "ab…");
    EXPECT_EQ(printable("\x80\x80\x80", 2).back(), "…"s.back());
}

TEST(JsonMembers, KeepsValuesAsTheyAre)
{
    const std::string text = R"( {"a" : 1.10, "b":[1e400 , {}],"c": "x\"y", "d":-0,"e":{"a":2} } )";
    const auto members = JsonMembers::of(text);
    ASSERT_TRUE(members);
    EXPECT_EQ(members->raw("a"), "1.10");
    EXPECT_EQ(members->raw("b"), "[1e400 , {}]");
    EXPECT_EQ(members->raw("c"), R"("x\"y")");
    EXPECT_EQ(members->text("c"), "x\"y");
    EXPECT_EQ(members->raw("d"), "-0");
    EXPECT_EQ(members->raw("e"), R"({"a":2})");
    EXPECT_EQ(members->find("f"), nullptr);
    EXPECT_EQ(members->raw("f", "null"), "null");
    EXPECT_EQ(members->text("f"), "");
}

TEST(JsonMembers, IsStrict)
{
    for (const char* text : {"{}", "{ }", R"({"a":[]})", R"({"a":"\u00e4\n"})", R"({"":0.5E-7})"})
        EXPECT_TRUE(JsonMembers::of(text)) << text;
    const std::string bad[] = {"",
                               "[]",
                               "1",
                               "{",
                               "}",
                               "{}x",
                               "{\"a\"}",
                               "{\"a\":}",
                               "{\"a\":1,}",
                               "{a:1}",
                               "{\"a\":01}",
                               "{\"a\":1.}",
                               "{\"a\":.5}",
                               "{\"a\":+1}",
                               "{\"a\":1e}",
                               "{\"a\":tru}",
                               "{\"a\":\"\n\"}",
                               "{\"a\":\"\\x\"}",
                               "{\"a\":\"\\u12g4\"}",
                               "{\"a\":\"",
                               "{\"a\":\"\\",
                               "{\"a\":[1 2]}",
                               "{\"a\":[}",
                               "{\"a\":\"\xff\"}",
                               "{\"a\":\0}"s,
                               "{\"a\":-}"};
    for (const std::string& text : bad)
        EXPECT_FALSE(JsonMembers::of(text)) << text;
    EXPECT_FALSE(JsonMembers::of("{\"a\":" + std::string(1'000'000, '[')));
}

const std::string delta = R"({"type":"delta","id":"x","documentId":"doc-1","clientId":"alice",)"
                          R"("operationType":"set","fieldPath":"title","value":1.10,"version":7,)"
                          R"("outcome":"applied","epoch":1})";

TEST(MessageLine, TellsAPersonWhatHappened)
{
    EXPECT_EQ(human_line("synckit:doc:doc-1", delta),
              "doc        doc-1  v7  set title = 1.10  by alice  applied");
    EXPECT_EQ(
        human_line(
            "c", R"({"type":"delta","documentId":"d","clientId":"c","version":2,)"
                 R"("operationType":"delete","fieldPath":"","value":null,"outcome":"superseded"})"),
        "doc        d  v2  delete  by c  superseded");
    EXPECT_THAT(human_line("c", R"({"type":"delta","operationType":"set","fieldPath":"f",)"
                                R"("value":null,"truncated":true})"),
                HasSubstr("too large"));
    EXPECT_EQ(human_line("synckit:broadcast", R"({"type":"epoch","epoch":12,"timestamp":1})"),
              "broadcast  new epoch 12");
    EXPECT_EQ(human_line("c", R"({"type":"broadcast","event":"e","data":{"a":1}})"),
              "broadcast  e  {\"a\":1}");
    EXPECT_EQ(human_line("c", R"({"type":"presence","event":"online","serverId":"s1"})"),
              "presence   s1  online");
}

TEST(MessageLine, ShowsAnythingElseAsItIs)
{
    EXPECT_EQ(human_line("chan", "not json\x1b"), "chan  not json\\u001b");
    EXPECT_EQ(human_line("chan", R"({"type":"new"})"), R"(chan  {"type":"new"})");
}

TEST(MessageLine, CutsLongValues)
{
    const std::string line =
        human_line("c", R"({"type":"delta","operationType":"set","fieldPath":"f","value":")" +
                            std::string(100'000, 'x') + "\"}");
    EXPECT_LT(line.size(), 300u);
}

TEST(MessageLine, IsJsonOnOneLine)
{
    EXPECT_EQ(json_line("c", delta), R"({"channel":"c","message":)" + delta + "}");
    EXPECT_EQ(json_line("c", "{\n\t\"a\":\r\n1e400}"),
              R"({"channel":"c","message":{  "a":  1e400}})");
    EXPECT_EQ(json_line("c", "{\"a\":\"\u009b\"}"), R"({"channel":"c","message":{"a":"\u009b"}})");
    const std::string raw = json_line("c\xff", "raw \x1b \"text\"");
    EXPECT_THAT(raw, Not(HasSubstr("\x1b")));
    EXPECT_EQ(raw, R"({"channel":"c�","text":"raw \u001b \"text\""})");
}

} // namespace
} // namespace synckit
