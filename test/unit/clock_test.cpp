#include "support.hpp"

#include <tuple>

#include "base/bytes.hpp"

/* The three forms of a clock: text, wire and layout; each is fed by somebody who may lie. */
namespace synckit::test {
namespace {

constexpr const char* uuid_a = "0190163d-8694-739b-aea5-966c26f8ad91";

std::string rewritten(std::string_view text)
{
    HeapMemory memory;
    return std::string(clock_to_text(ClockView(clock_from_text(text, memory)), memory));
}

TEST(ClockText, IsReadAndWrittenSorted)
{
    const std::tuple<std::string_view, std::string_view> cases[] = {
        {"{}", "{}"},
        {" \t\r\n{ \t\r\n} \t\r\n", "{}"},
        {R"({"a":1})", R"({"a": 1})"},
        {R"( { "bob" : 1 , "alice" : 3 } )", R"({"alice": 3, "bob": 1})"},
        {R"({"a":0})", "{}"},
        {R"({"a":-0})", "{}"},
        {R"({"a":9223372036854775807})", R"({"a": 9223372036854775807})"},
        {R"({"aa":1,"b":2,"a":3,"B":4})", R"({"B": 4, "a": 3, "aa": 1, "b": 2})"},
        {R"({"\u0061\/":1})", R"({"a/": 1})"},
        {R"({"\ud83d\ude00":1,"\u00E4":2})", R"({"ä": 2, "😀": 1})"},
        {R"({"\"\\\b\f\n\r\t\u0001":1})", R"({"\"\\\b\f\n\r\t\u0001": 1})"},
        {R"({"z":1,"0190163d-8694-739b-aea5-966c26f8ad91":2,"0":3,"01":4})",
         R"({"0": 3, "01": 4, "0190163d-8694-739b-aea5-966c26f8ad91": 2, "z": 1})"}};
    for (auto [text, expected] : cases)
        EXPECT_EQ(rewritten(text), expected) << text;
}

TEST(ClockText, OtherSpellingsOfAUuidAreOtherClients)
{
    HeapMemory memory;
    ClockModel model;
    for (const std::string& id : client_ids())
        model[id] = static_cast<Counter>(model.size() + 1);
    Bytes bytes = make_clock(model, memory);
    EXPECT_EQ(ClockView(bytes).uuids(), 4u);
    EXPECT_EQ(model_of(bytes), model);
    EXPECT_EQ(model_of(clock_from_text(clock_to_text(ClockView(bytes), memory), memory)), model);
}

TEST(ClockText, RefusesWhatIsNotAClock)
{
    std::string too_long = "{\"" + std::string(256, 'x') + "\":1}";
    std::string uuid_twice = "{\""s + uuid_a + "\":1,\"" + uuid_a + "\":1}";
    const std::tuple<std::string_view, std::string_view> cases[] = {
        {"", "22P02"},
        {" ", "22P02"},
        {"{", "22P02"},
        {"}", "22P02"},
        {"[]", "22P02"},
        {"null", "22P02"},
        {"1", "22P02"},
        {"\"a\"", "22P02"},
        {R"({"a"})", "22P02"},
        {R"({"a":})", "22P02"},
        {R"({"a":1)", "22P02"},
        {R"({"a":1,})", "22P02"},
        {R"({,"a":1})", "22P02"},
        {R"({"a":1}x)", "22P02"},
        {R"({"a":1}{})", "22P02"},
        {"{}\0"sv, "22P02"},
        {R"({a:1})", "22P02"},
        {R"({'a':1})", "22P02"},
        {R"({1:1})", "22P02"},
        {R"({"a" 1})", "22P02"},
        {R"({"a":1 "b":2})", "22P02"},
        {R"({"a":1 2})", "22P02"},
        {R"({"a":"1"})", "22P02"},
        {R"({"a":null})", "22P02"},
        {R"({"a":true})", "22P02"},
        {R"({"a":{}})", "22P02"},
        {R"({"a":1.0})", "22P02"},
        {R"({"a":1.5})", "22P02"},
        {R"({"a":1e3})", "22P02"},
        {R"({"a":1E3})", "22P02"},
        {R"({"a":01})", "22P02"},
        {R"({"a":00})", "22P02"},
        {R"({"a":-01})", "22P02"},
        {R"({"a":+1})", "22P02"},
        {R"({"a":- 1})", "22P02"},
        {R"({"a":-})", "22P02"},
        {R"({"a":0x1})", "22P02"},
        {R"({"a":NaN})", "22P02"},
        {R"({"a":-1})", "22003"},
        {R"({"a":9223372036854775808})", "22003"},
        {R"({"a":99999999999999999999999999})", "22003"},
        {R"({"a":-99999999999999999999999999})", "22003"},
        {R"({"a":1,"a":2})", "22P02"},
        {R"({"a":1,"b":1,"a":1})", "22P02"},
        {R"({"a":0,"a":1})", "22P02"},
        {R"({"a":1,"\u0061":1})", "22P02"},
        {uuid_twice, "22P02"},
        {R"({"":1})", "22023"},
        {too_long, "22001"},
        {"{\"\xff\":1}", "22021"},
        {"{\"\xc3\":1}", "22021"},
        {"{\"\xed\xa0\x80\":1}", "22021"},
        {"{\"\xc0\x80\":1}", "22021"},
        {"{\"a\n\":1}", "22P02"},
        {"{\"\0\":1}"sv, "22P02"},
        {R"({"\u0000":1})", "22P02"},
        {R"({"\ud800":1})", "22P02"},
        {R"({"\ude00":1})", "22P02"},
        {R"({"\x41":1})", "22P02"}};
    for (auto [text, sqlstate] : cases) {
        HeapMemory memory;
        Buffer exact = copy(as_bytes(text));
        try {
            clock_from_text(as_text(exact), memory);
            ADD_FAILURE() << "accepted: " << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.sqlstate(), sqlstate) << text;
            EXPECT_FALSE(error.detail().empty()) << text;
            EXPECT_FALSE(error.hint().empty()) << text;
        }
    }
}

TEST(ClockText, SaysWhatIsWrong)
{
    auto error = [](std::string_view text) { return error_of([&] { rewritten(text); }); };
    const std::string hint = R"( | Write a clock as {"alice": 3, "bob": 1}.)";
    EXPECT_EQ(error(R"({"a":1,"a":2})"),
              R"(22P02: invalid input syntax for type vclock: "{"a":1,"a":2}" | )"
              "A client id appears more than once." +
                  hint);
    EXPECT_EQ(error(R"({"a":-1})"), R"(22003: value out of range for type vclock: "{"a":-1}" | )"
                                    "The number at byte 5 is negative." +
                                        hint);
    EXPECT_EQ(error(R"({"a":-99999999999999999999})"),
              R"(22003: value out of range for type vclock: "{"a":-99999999999999999999}" | )"
              "The number at byte 5 is negative." +
                  hint);
    EXPECT_EQ(error(R"({"":1})").substr(0, 68),
              "22023: client id must not be empty | A client id has 1 to 255 bytes.");
}

TEST(ClockText, RefusesEveryPrefix)
{
    std::string text = R"({"a\u00e4\ud83d\ude00": 12, "0190163d-8694-739b-aea5-966c26f8ad91": 3})";
    EXPECT_EQ(sqlstate_of([&] { rewritten(text); }), "");
    for (size_t size = 0; size < text.size(); ++size) {
        Buffer exact = copy(as_bytes(std::string_view(text).substr(0, size)));
        EXPECT_EQ(sqlstate_of([&] { rewritten(as_text(exact)); }), "22P02") << size;
    }
}

Buffer wire_of(const ClockModel& model)
{
    HeapMemory memory;
    return copy(clock_to_wire(ClockView(make_clock(model, memory)), memory));
}

std::string wire_error(const Buffer& wire)
{
    return sqlstate_of([&] {
        HeapMemory memory;
        clock_from_wire(wire, memory);
    });
}

TEST(ClockWire, IsBigEndianAndSortedByText)
{
    EXPECT_EQ(wire_of({}), buffer({1, 0, 0, 0, 0}));
    EXPECT_EQ(wire_of({{"b", 258}, {"a", max_counter}}),
              buffer({1,    0,    0, 0, 2, 0, 0,   0, 1, 'a', 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff,
                      0xff, 0xff, 0, 0, 0, 1, 'b', 0, 0, 0,   0,    0,    0,    1,    2}));
    /* A UUID travels as text, among the others. */
    Buffer wire = wire_of({{uuid_a, 1}, {"0", 1}, {"z", 1}});
    std::string_view text = as_text(wire);
    EXPECT_EQ(text.substr(9, 1), "0");
    EXPECT_EQ(text.substr(22, 36), uuid_a);
    EXPECT_EQ(text.substr(70, 1), "z");
}

TEST(ClockWire, RefusesEveryLieOfItsHeader)
{
    const Buffer good = wire_of({{"ab", 1}, {"cd", 2}}); // entries at 5 and 19
    EXPECT_EQ(wire_error(good), "");
    auto with = [&](size_t at, std::initializer_list<unsigned> bytes) {
        Buffer bad = good;
        std::copy(bytes.begin(), bytes.end(), bad.begin() + static_cast<ptrdiff_t>(at));
        return wire_error(bad);
    };
    for (unsigned version : {0u, 2u, 0x10u, 0x81u, 0xffu})
        EXPECT_EQ(with(0, {version}), "22P03") << version;
    EXPECT_EQ(with(1, {0, 0, 0, 0}), "22P03");             // fewer entries than there are
    EXPECT_EQ(with(1, {0, 0, 0, 1}), "22P03");             //
    EXPECT_EQ(with(1, {0, 0, 0, 3}), "22P03");             // more
    EXPECT_EQ(with(1, {0x7f, 0xff, 0xff, 0xff}), "22P03"); // the largest
    EXPECT_EQ(with(1, {0xff, 0xff, 0xff, 0xff}), "22P03"); // negative
    EXPECT_EQ(with(1, {0x80, 0, 0, 2}), "22P03");          //
    EXPECT_EQ(with(5, {0, 0, 0, 0}), "22023");             // an empty id
    EXPECT_EQ(with(5, {0, 0, 1, 0}), "22P03");             // one of 256 bytes
    EXPECT_EQ(with(5, {0, 0, 0, 255}), "22P03");           // longer than the message
    EXPECT_EQ(with(5, {0xff, 0xff, 0xff, 0xff}), "22P03"); // negative
    EXPECT_EQ(with(9, {0xff}), "22021");
    EXPECT_EQ(with(9, {0}), "22021");
    EXPECT_EQ(with(10, {0xc3}), "22021");
    EXPECT_EQ(with(11, {0, 0, 0, 0, 0, 0, 0, 0}), "22P03"); // a zero counter
    EXPECT_EQ(with(11, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), "22P03"); // -1
    EXPECT_EQ(with(11, {0x80, 0, 0, 0, 0, 0, 0, 0}), "22P03");                      // the least
    EXPECT_EQ(with(23, {'a', 'b'}), "22P03");                                       // a duplicate
    EXPECT_EQ(with(23, {'a', 'a'}), "22P03");                                       // unsorted
    Buffer longer = good;
    longer.push_back(0);
    EXPECT_EQ(wire_error(longer), "22P03");
}

TEST(ClockWire, SortsByTextAndNotByItsOwnSections)
{
    /* In the layout UUIDs stand before other ids; on the wire that is the wrong order. */
    auto entry = [](std::string_view id) {
        Buffer bytes = {0, 0, 0, static_cast<uint8_t>(id.size())};
        bytes.insert(bytes.end(), id.begin(), id.end());
        bytes.insert(bytes.end(), {0, 0, 0, 0, 0, 0, 0, 1});
        return bytes;
    };
    Buffer low = entry("0"), uuid = entry(uuid_a);
    Buffer sorted = {1, 0, 0, 0, 2}, unsorted = sorted, twice = sorted;
    sorted.insert(sorted.end(), low.begin(), low.end());
    sorted.insert(sorted.end(), uuid.begin(), uuid.end());
    unsorted.insert(unsorted.end(), uuid.begin(), uuid.end());
    unsorted.insert(unsorted.end(), low.begin(), low.end());
    twice.insert(twice.end(), uuid.begin(), uuid.end());
    twice.insert(twice.end(), uuid.begin(), uuid.end());
    EXPECT_EQ(wire_error(sorted), "");
    EXPECT_EQ(wire_error(unsorted), "22P03");
    EXPECT_EQ(wire_error(twice), "22P03");
}

TEST(ClockWire, RefusesEveryPrefix)
{
    Buffer wire = wire_of({{"a", 1}, {"ä", 300}, {uuid_a, max_counter}});
    for (size_t size = 0; size < wire.size(); ++size)
        EXPECT_EQ(wire_error(Buffer(wire.begin(), wire.begin() + static_cast<ptrdiff_t>(size))),
                  "22P03")
            << size;
}

TEST(ClockWire, AcceptsOnlyWhatItWouldSend)
{
    for_each_seed(3000, [](Rng& rng) {
        Buffer wire =
            rng.chance(80) ? flipped(wire_of(random_clock(rng, 4)), rng) : random_bytes(rng, 60);
        HeapMemory memory;
        try {
            ClockView clock(clock_from_wire(wire, memory));
            EXPECT_EQ(copy(clock_to_wire(clock, memory)), wire);
        } catch (const Error& error) {
            EXPECT_EQ(std::string_view(error.sqlstate()).substr(0, 2), "22");
        }
    });
}

TEST(ClockLayout, IsForEver)
{
    HeapMemory memory;
    auto bytes = [&](const ClockModel& model) { return copy(make_clock(model, memory)); };
    EXPECT_EQ(bytes({}), buffer({0x10, 0, 0}));
    EXPECT_EQ(copy(ClockView().bytes()), buffer({0x10, 0, 0}));
    EXPECT_EQ(bytes({{"b", 1}, {"a", 255}}), buffer({0x10, 0, 2, 1, 1, 'a', 'b', 255, 1}));
    EXPECT_EQ(bytes({{uuid_a, 258}, {"0", 1}}),
              buffer({0x11, 1,    1,    0x01, 0x90, 0x16, 0x3d, 0x86, 0x94, 0x73, 0x9b, 0xae, 0xa5,
                      0x96, 0x6c, 0x26, 0xf8, 0xad, 0x91, 1,    '0',  2,    1,    1,    0}));
    EXPECT_EQ(bytes({{"a", 65536}}), buffer({0x12, 0, 1, 1, 'a', 0, 0, 1, 0}));
    EXPECT_EQ(bytes({{"a", max_counter}}),
              buffer({0x13, 0, 1, 1, 'a', 255, 255, 255, 255, 255, 255, 255, 0x7f}));
}

TEST(ClockLayout, AUuidCosts16BytesAndASmallCounterOne)
{
    HeapMemory memory;
    ClockModel model;
    Rng rng(1);
    while (model.size() < 64)
        model[random_uuid(rng)] = rng.between(1, 255);
    EXPECT_EQ(make_clock(model, memory).size(), 3 + 64 * 17u);
    model.begin()->second = 256;
    EXPECT_EQ(make_clock(model, memory).size(), 3 + 64 * 18u);
}

/* Everything that reads a clock's bytes. */
void read_all(Bytes bytes)
{
    HeapMemory memory;
    ClockView clock(bytes);
    ClockView other(make_clock({{"a", 2}, {"~", 1}, {uuid_a, 1}}, memory));
    clock_to_text(clock, memory);
    clock_to_wire(clock, memory);
    for (const char* id : {"a", "~", uuid_a})
        clock_get(clock, ClientId::from_text(id));
    clock_tick(clock, ClientId::from_text("~"), 3, memory);
    clock_forget(clock, ClientId::from_text("a"), memory);
    for (auto [a, b] :
         {std::pair(clock, other), std::pair(other, clock), std::pair(clock, clock)}) {
        clock_merge(a, b, memory);
        clock_meet(a, b, memory);
        clock_compare(a, b);
        clock_order(a, b);
    }
}

TEST(ClockLayout, RefusesEveryOtherVersionAndWidth)
{
    for (unsigned first = 0; first < 256; ++first) {
        Buffer bytes = buffer({first, 0, 0});
        EXPECT_EQ(sqlstate_of([&] { read_all(bytes); }),
                  first >= 0x10 && first <= 0x13 ? "" : "XX001")
            << first;
    }
}

TEST(ClockLayout, RefusesEveryPrefixAndEveryExtension)
{
    HeapMemory memory;
    for (const ClockModel& model :
         {ClockModel{}, ClockModel{{"a", 1}}, ClockModel{{uuid_a, 1}},
          ClockModel{{"a", 1}, {"ab", 300}, {uuid_a, 70000}, {"日本", max_counter}}}) {
        Buffer bytes = copy(make_clock(model, memory));
        EXPECT_EQ(sqlstate_of([&] { read_all(bytes); }), "");
        for (size_t size = 0; size < bytes.size(); ++size) {
            Buffer prefix(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
            EXPECT_EQ(sqlstate_of([&] { read_all(prefix); }), "XX001") << size;
        }
        for (unsigned more = 1; more < 40; ++more) {
            bytes.push_back(1);
            EXPECT_EQ(sqlstate_of([&] { read_all(bytes); }), "XX001") << "+" << more;
        }
    }
}

TEST(ClockLayout, RefusesCountsBeyondItsSize)
{
    auto with_counts = [](uint64_t uuids, uint64_t texts, size_t rest) {
        Buffer bytes(21 + rest);
        bytes[0] = 0x13;
        uint8_t* at = put_varint(put_varint(bytes.data() + 1, uuids), texts);
        bytes.resize(static_cast<size_t>(at - bytes.data()) + rest);
        bytes.shrink_to_fit();
        return sqlstate_of([&] { read_all(bytes); });
    };
    uint64_t huge = UINT64_MAX;
    for (auto [uuids, texts] :
         {std::pair(huge, huge), std::pair(huge, uint64_t{0}), std::pair(uint64_t{0}, huge),
          std::pair(huge / 16, huge / 2), std::pair(uint64_t{1} << 32, uint64_t{0}),
          std::pair(uint64_t{0}, uint64_t{1} << 32),
          std::pair(uint64_t{1} << 60, uint64_t{1} << 60), std::pair(uint64_t{5}, uint64_t{0}),
          std::pair(uint64_t{4}, uint64_t{4})})
        EXPECT_EQ(with_counts(uuids, texts, 100), "XX001") << uuids << " " << texts;
    /* A number in more bytes than it needs would be a second spelling of the same clock. */
    Buffer overlong = buffer({0x10, 0x80, 0, 0});
    EXPECT_EQ(sqlstate_of([&] { read_all(overlong); }), "XX001");
}

TEST(ClockLayout, NeverReadsBeyondBytesThatLie)
{
    for_each_seed(5000, [](Rng& rng) {
        HeapMemory memory;
        Buffer bytes;
        if (rng.chance(70)) {
            bytes = flipped(copy(make_clock(random_clock(rng, 5), memory)), rng);
        } else {
            bytes = random_bytes(rng, 80);
            if (!bytes.empty())
                bytes[0] = static_cast<uint8_t>(0x10 + rng.below(4));
        }
        std::string sqlstate = sqlstate_of([&] { read_all(bytes); });
        EXPECT_TRUE(sqlstate.empty() || sqlstate == "XX001") << sqlstate;
    });
}

} // namespace
} // namespace synckit::test
