#include "support.hpp"

#include <tuple>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace synckit::test {
namespace {

std::string as_json(std::string_view text)
{
    std::pmr::string out;
    append_json_string(out, text);
    return std::string(out);
}

/* Reads one string, all of the text. */
std::string scanned(std::string_view text)
{
    HeapMemory memory;
    Buffer exact = copy(as_bytes(text));
    JsonScanner scanner(as_text(exact), "thing");
    std::string read(scanner.string(&memory));
    scanner.expect_end();
    return read;
}

int64_t scanned_counter(std::string_view text)
{
    Buffer exact = copy(as_bytes(text));
    JsonScanner scanner(as_text(exact), "thing");
    int64_t read = scanner.counter();
    scanner.expect_end();
    return read;
}

TEST(JsonStrings, AreEscapedAsPostgresDoes)
{
    EXPECT_EQ(as_json(""), R"("")");
    EXPECT_EQ(as_json("plain / ' <>&"), R"("plain / ' <>&")");
    EXPECT_EQ(as_json("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
    EXPECT_EQ(as_json("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\"");
    EXPECT_EQ(as_json("ä日😀\xe2\x80\xa8"), "\"ä日😀\xe2\x80\xa8\"");
    EXPECT_EQ(as_json("\"a\"b\""), R"("\"a\"b\"")");
}

TEST(JsonStrings, GoRoundAndAreThoseOfAnotherReader)
{
    const std::string_view parts[] = {"a", "\"", "\\", "\n",   "\x01",  "\x1f", "/",
                                      "ä", "日", "😀",  "\x7f", "u0041", " "};
    for_each_seed(1000, [&](Rng& rng) {
        std::string text;
        for (uint64_t i = rng.below(20); i > 0; --i)
            text += rng.pick(parts);
        EXPECT_EQ(scanned(as_json(text)), text);
        EXPECT_EQ(nlohmann::json::parse(as_json(text)).get<std::string>(), text);
        /* All in ASCII: every escape there is, surrogate pairs among them. */
        EXPECT_EQ(scanned(nlohmann::json(text).dump(-1, ' ', true)), text);
    });
}

TEST(JsonStrings, AreReadStrictly)
{
    const std::tuple<std::string_view, std::string_view> good[] = {
        {R"( "a" )", "a"},
        {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
        {R"("\u0041\u00e4\u00E4\u65e5\uFFFF")", "Aää日\xef\xbf\xbf"},
        {R"("\u007f\u0080\u07ff\u0800")", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"},
        {R"("\ud800\udc00\uDBFF\uDFFF")", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"}};
    for (auto [text, expected] : good)
        EXPECT_EQ(scanned(text), expected) << text;

    const std::tuple<std::string_view, std::string_view> bad[] = {{"", "22P02"},
                                                                  {"a", "22P02"},
                                                                  {"'a'", "22P02"},
                                                                  {"\"", "22P02"},
                                                                  {"\"a", "22P02"},
                                                                  {"\"a\\\"", "22P02"},
                                                                  {"\"a\\", "22P02"},
                                                                  {R"("\a")", "22P02"},
                                                                  {R"("\u")", "22P02"},
                                                                  {R"("\u12")", "22P02"},
                                                                  {R"("\u12)", "22P02"},
                                                                  {R"("\u123g")", "22P02"},
                                                                  {R"("\u-123")", "22P02"},
                                                                  {R"("\u+123")", "22P02"},
                                                                  {R"("\u 123")", "22P02"},
                                                                  {R"("\u0x12")", "22P02"},
                                                                  {R"("\U0041")", "22P02"},
                                                                  {R"("\u0000")", "22P02"},
                                                                  {R"("\ud800")", "22P02"},
                                                                  {R"("\ud800a")", "22P02"},
                                                                  {R"("\ud800\n")", "22P02"},
                                                                  {R"("\ud800\u0041")", "22P02"},
                                                                  {R"("\ud800\ud800")", "22P02"},
                                                                  {R"("\ud800\u)", "22P02"},
                                                                  {R"("\ud800\)", "22P02"},
                                                                  {R"("\udc00")", "22P02"},
                                                                  {R"("\udfff")", "22P02"},
                                                                  {R"("\udfff\ud800")", "22P02"},
                                                                  {"\"\n\"", "22P02"},
                                                                  {"\"\x1f\"", "22P02"},
                                                                  {"\"\0\""sv, "22P02"},
                                                                  {"\"\x80\"", "22021"},
                                                                  {"\"\xc3\"", "22021"},
                                                                  {"\"\xed\xa0\x80\"", "22021"},
                                                                  {"\"\xf4\x90\x80\x80\"", "22021"},
                                                                  {"\"a\"b", "22P02"}};
    for (auto [text, sqlstate] : bad)
        EXPECT_EQ(sqlstate_of([&] { scanned(text); }), sqlstate) << text;
}

TEST(JsonStrings, LongOnesLiveInTheMemory)
{
    HeapMemory memory;
    std::string text = as_json(std::string(1000, 'x') + "\n") + as_json("y");
    JsonScanner scanner(text, "thing");
    std::string_view first = scanner.string(&memory);
    std::string_view second = scanner.string(&memory);
    EXPECT_EQ(first, std::string(1000, 'x') + "\n");
    EXPECT_EQ(second, "y");
}

TEST(JsonCounters, AreWholeNumbersUpTo2To63)
{
    const std::tuple<std::string_view, int64_t> good[] = {
        {"0", 0}, {"-0", 0}, {" 7 ", 7}, {"10", 10}, {"9223372036854775807", INT64_MAX}};
    for (auto [text, expected] : good)
        EXPECT_EQ(scanned_counter(text), expected) << text;

    const std::tuple<std::string_view, std::string_view> bad[] = {
        {"", "22P02"},
        {"-", "22P02"},
        {"+1", "22P02"},
        {"00", "22P02"},
        {"01", "22P02"},
        {"-01", "22P02"},
        {"1.0", "22P02"},
        {"1.", "22P02"},
        {".5", "22P02"},
        {"1e1", "22P02"},
        {"1E1", "22P02"},
        {"0e0", "22P02"},
        {"1 2", "22P02"},
        {"0x1", "22P02"},
        {"1_0", "22P02"},
        {"Infinity", "22P02"},
        {"\"1\"", "22P02"},
        {"-1", "22003"},
        {"-9223372036854775808", "22003"},
        {"9223372036854775808", "22003"},
        {"18446744073709551617", "22003"}};
    for (auto [text, sqlstate] : bad)
        EXPECT_EQ(sqlstate_of([&] { scanned_counter(text); }), sqlstate) << text;
}

TEST(JsonCounters, AreWrittenAsTheyAreRead)
{
    for_each_seed(200, [](Rng& rng) {
        int64_t number = rng.counter();
        std::pmr::string text;
        append_number(text, number);
        EXPECT_EQ(std::string(text), std::to_string(number));
        EXPECT_EQ(scanned_counter(text), number);
    });
    std::pmr::string least;
    append_number(least, INT64_MIN);
    EXPECT_EQ(std::string(least), "-9223372036854775808");
}

TEST(JsonScanning, TakesPunctuationAfterWhiteSpaceOnly)
{
    JsonScanner scanner(" \t\r\n{\v}", "thing");
    EXPECT_FALSE(scanner.take('}'));
    EXPECT_TRUE(scanner.take('{'));
    EXPECT_FALSE(scanner.take('}')); // a vertical tab is no white space in JSON
    EXPECT_EQ(sqlstate_of([&] { scanner.expect('}'); }), "22P02");
    EXPECT_EQ(sqlstate_of([&] { scanner.expect_end(); }), "22P02");
    JsonScanner empty("  ", "thing");
    EXPECT_FALSE(empty.take('\0'));
    empty.expect_end();
}

TEST(JsonErrors, NameTheTypeThePlaceAndTheText)
{
    auto expecting = [](std::string_view text) {
        return error_of([&] { JsonScanner(text, "thing").expect('{'); });
    };
    EXPECT_EQ(expecting("  x"), "22P02: invalid input syntax for type thing: \"  x\" | "
                                "Expected \"{\" at byte 2, found \"x\". | ");
    EXPECT_EQ(expecting("日本"), "22P02: invalid input syntax for type thing: \"日本\" | "
                                 "Expected \"{\" at byte 0, found \"日\". | ");
    EXPECT_EQ(expecting(""), "22P02: invalid input syntax for type thing: \"\" | "
                             "Expected \"{\" at byte 0, found the end of the text. | ");
    /* Class 22003 has words of its own, wherever its SQLSTATE comes from. */
    std::string own = "22003";
    EXPECT_EQ(error_of([&] { JsonScanner("x", "thing").fail(own.c_str(), "Why."); }), error_of([&] {
                  JsonScanner("x", "thing").fail(sqlstate::numeric_value_out_of_range, "Why.");
              }));
    EXPECT_EQ(error_of([&] { JsonScanner("x", "thing").fail(own.c_str(), "Why."); }),
              "22003: value out of range for type thing: \"x\" | Why. | ");
}

TEST(JsonErrors, CarryTheHintOfTheType)
{
    EXPECT_EQ(error_of([&] { JsonScanner("x", "thing", "Write it so.").fail("Why."); }),
              "22P02: invalid input syntax for type thing: \"x\" | Why. | Write it so.");
}

TEST(JsonErrors, ShowTheStartOfALongTextInWholeCharacters)
{
    std::string text = "x";
    for (int i = 0; i < 100; ++i)
        text += "ä";
    std::string shown = "x";
    for (int i = 0; i < 49; ++i)
        shown += "ä"; // 99 bytes; the hundredth would end inside a character
    EXPECT_EQ(error_of([&] { JsonScanner(text, "thing").fail("Why."); }),
              "22P02: invalid input syntax for type thing: \"" + shown + "...\" | Why. | ");
}

TEST(Utf8, IsThatOfRfc3629)
{
    /* Every code point there is, and none of the surrogates. */
    for (uint32_t code = 1; code <= 0x110000; code += code < 0x3000 ? 1 : 61) {
        std::string text;
        if (code < 0x80) {
            text += static_cast<char>(code);
        } else if (code < 0x800) {
            text += static_cast<char>(0xc0 | code >> 6);
            text += static_cast<char>(0x80 | (code & 63));
        } else {
            if (code < 0x10000) {
                text += static_cast<char>(0xe0 | code >> 12);
            } else {
                text += static_cast<char>(0xf0 | code >> 18);
                text += static_cast<char>(0x80 | (code >> 12 & 63));
            }
            text += static_cast<char>(0x80 | (code >> 6 & 63));
            text += static_cast<char>(0x80 | (code & 63));
        }
        bool valid = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
        ASSERT_EQ(is_valid_text(text), valid) << code;
        if (!valid)
            continue;
        ASSERT_EQ(utf8_sequence(text), text.size()) << code;
        ASSERT_EQ(utf8_characters(text), 1u) << code;
        for (size_t size = 1; size < text.size(); ++size) {
            Buffer cut = copy(as_bytes(std::string_view(text).substr(0, size)));
            ASSERT_EQ(utf8_sequence(as_text(cut)), 0u) << code;
            ASSERT_EQ(utf8_prefix(text, size), "") << code;
        }
    }
    EXPECT_EQ(utf8_sequence(""), 0u);
    EXPECT_FALSE(is_valid_text("a\0"sv));
    EXPECT_TRUE(is_valid_text(""));
}

TEST(Utf8, PlainTextEndsWhereTheFirstOtherByteStands)
{
    for (size_t size = 0; size <= 25; ++size) {
        EXPECT_EQ(plain_prefix(std::string(size, '~')), size);
        for (size_t at = 0; at < size; ++at)
            for (int byte = 0; byte < 256; ++byte) {
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                /* What follows must not matter, whatever it is. */
                for (int next :
                     {0x00, 0x01, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5c, 0x5d, 0x80, 0xff}) {
                    std::string text(size, ' ');
                    text[at] = static_cast<char>(byte);
                    if (!plain && at + 1 < size)
                        text[at + 1] = static_cast<char>(next);
                    ASSERT_EQ(plain_prefix(text), plain ? size : at) << size << ' ' << byte;
                }
            }
    }
}

} // namespace
} // namespace synckit::test
