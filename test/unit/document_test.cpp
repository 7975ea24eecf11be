#include "merge_model.hpp"

/* The rules of the merge case by case, numbered as in the documentation. Times are small: `now` is
 * a million milliseconds unless said otherwise. */
namespace synckit::test {
namespace {

constexpr Ticks ms = ticks_per_ms;
constexpr Ticks now = 1'000'000 * ms;
constexpr int64_t now_us = 1'000'000'000;
constexpr Ticks skew = 5000 * ms;
constexpr Counter step = 1'000'000;
constexpr const char* uuid_a = "0190163d-8694-739b-aea5-966c26f8ad91";

using Fields = std::map<std::string, std::string, KeyOrder>;
using Names = std::vector<std::string>;

Row row_with_clock(const ClockModel& clock, Ticks lamport = 0)
{
    HeapMemory memory;
    Row row = new_row();
    row.lamport = lamport;
    row.clock = copy(make_clock(clock, memory));
    return row;
}

Row row_with_registers(std::string_view registers, Fields state, Ticks lamport)
{
    HeapMemory memory;
    Row row = new_row();
    row.registers = copy(registers_from_text(registers, memory));
    row.lamport = lamport;
    row.exists = !state.empty();
    row.state = std::move(state);
    return row;
}

Edit with_number(std::optional<Counter> number)
{
    Edit edit = set("a", "x", "1");
    edit.number = number;
    return edit;
}

/* Rule 2: number */

TEST(Rule2Number, IsTheWritersOwnIfItIsNews)
{
    const std::tuple<std::optional<Counter>, Counter> cases[] = {
        {std::nullopt, 11}, {1, 11}, {10, 11}, {11, 11}, {12, 12}, {500, 500}};
    for (auto [given, expected] : cases) {
        Row row = row_with_clock({{"a", 10}, {"b", 99}});
        EXPECT_EQ(apply(row, with_number(given), now).number, expected);
        EXPECT_EQ(model_of(row.clock), (ClockModel{{"a", expected}, {"b", 99}}));
    }
    Row row = new_row();
    EXPECT_EQ(apply(row, with_number(std::nullopt), now).number, 1);
}

TEST(Rule2Number, MayRunAheadByTheStepAtMost)
{
    /* Of the entry, the lamport and now the greatest counts. */
    const std::tuple<Counter, Ticks, Ticks> cases[] = {
        {3 * now, 0, now}, {1, 3 * now, now}, {1, 0, 3 * now}};
    for (auto [entry, lamport, at] : cases) {
        Row row = row_with_clock({{"a", entry}}, lamport);
        Row before = row;
        for (Counter bad : {Counter{0}, Counter{-1}, std::numeric_limits<Counter>::min(),
                            3 * now + step + 1, max_counter}) {
            EXPECT_EQ(sqlstate_of([&] { apply(row, with_number(bad), at); }), "22003") << bad;
            EXPECT_TRUE(row == before);
        }
        EXPECT_EQ(apply(row, with_number(3 * now + step), at).number, 3 * now + step);
    }
    Row row = new_row();
    EXPECT_EQ(apply(row, with_number(now + 5), now, {.max_clock_step = 5}).number, now + 5);
    EXPECT_EQ(sqlstate_of([&] { apply(row, with_number(now + 11), now, {.max_clock_step = 5}); }),
              "22003");
}

TEST(Rule2Number, EndsWhereCountersEnd)
{
    Row row = row_with_clock({{"a", max_counter - 1}});
    EXPECT_EQ(apply(row, with_number(max_counter), now).number, max_counter);
    Row before = row;
    for (std::optional<Counter> number :
         {std::optional<Counter>(), std::optional(max_counter), std::optional<Counter>(1)})
        EXPECT_EQ(sqlstate_of([&] { apply(row, with_number(number), now); }), "22003");
    EXPECT_TRUE(row == before);
    EXPECT_EQ(apply(row, set("b", "x", "1"), now).number, 1);
}

TEST(Rule2Number, IsNotMadeOfADamagedCounter)
{
    Row row = new_row();
    row.clock = buffer({0x13, 0, 1, 1, 'a', 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    EXPECT_EQ(sqlstate_of([&] { apply(row, with_number(std::nullopt), now); }), "XX001");
    EXPECT_EQ(sqlstate_of([&] { apply(row, with_number(7), now); }), "XX001");
}

/* Rule 3: what it had seen */

TEST(Rule3Seen, AClockIsClippedToTheDocuments)
{
    Row row = row_with_clock({{"a", 5}, {"b", 7}, {uuid_a, 9}});
    Edit edit = set("c", "x", "1");
    edit.clock = ClockModel{{"a", 3}, {"b", max_counter}, {"stranger", 4}, {uuid_a, 9}};
    Outcome outcome = apply(row, edit, now);
    EXPECT_EQ(outcome.clock, (ClockModel{{"a", 3}, {"b", 7}, {uuid_a, 9}}));
    EXPECT_EQ(outcome.seen, std::nullopt);
    EXPECT_EQ(model_of(row.clock), (ClockModel{{"a", 5}, {"b", 7}, {"c", 1}, {uuid_a, 9}}));
    edit.clock = ClockModel{};
    EXPECT_EQ(apply(row, edit, now).clock, ClockModel{});
}

TEST(Rule3Seen, ALamportIsClippedToTheDocumentsOrALittleBeyondNow)
{
    auto seen = [](Ticks lamport, Ticks given) {
        Row row = row_with_clock({}, lamport);
        Edit edit = set("a", "x", "1");
        edit.seen = given;
        return apply(row, edit, now).seen;
    };
    EXPECT_EQ(seen(0, 0), 0);
    EXPECT_EQ(seen(100, 200), 200);
    EXPECT_EQ(seen(0, now + skew), now + skew);
    EXPECT_EQ(seen(0, now + skew + 1), now + skew);
    EXPECT_EQ(seen(0, max_counter), now + skew);
    EXPECT_EQ(seen(now + 2 * skew, max_counter), now + 2 * skew);
    EXPECT_EQ(seen(now + 2 * skew, now + skew + 7), now + skew + 7);
    Row row = new_row(), before = row;
    Edit edit = set("a", "x", "1");
    edit.seen = -1;
    EXPECT_EQ(sqlstate_of([&] { apply(row, edit, now); }), "22003");
    EXPECT_TRUE(row == before);
}

TEST(Rule3Seen, AWriteThatSaysNothingHasSeenTheDocument)
{
    const Ticks lamport = now + 12345;
    auto seen = [&](const Edit& edit) {
        Row row = row_with_clock({{"a", 1}}, lamport);
        return apply(row, edit, now).seen;
    };
    EXPECT_EQ(seen(set("a", "x", "1")), lamport);
    EXPECT_EQ(seen(with_number(9)), lamport); // a number says nothing about what was seen
    EXPECT_EQ(seen(at(now_us, set("a", "x", "1"))), std::nullopt);
    EXPECT_EQ(seen(stamped(now, 1, set("a", "x", "1"))), std::nullopt);
    Edit edit = set("a", "x", "1");
    edit.clock.emplace();
    EXPECT_EQ(seen(edit), std::nullopt);
}

/* Rule 4: stamp */

TEST(Rule4Stamp, IsTheTimestampButNotTheFuture)
{
    auto stamp = [](std::optional<int64_t> timestamp) {
        Row row = new_row();
        Edit edit = set("a", "x", "1");
        edit.timestamp = timestamp;
        edit.clock.emplace(); // says that it has seen nothing
        return apply(row, edit, now).stamp;
    };
    EXPECT_EQ(stamp(std::nullopt), now);
    EXPECT_EQ(stamp(now_us), now);
    EXPECT_EQ(stamp(now_us + 1), now);
    EXPECT_EQ(stamp(max_counter), now);
    EXPECT_EQ(stamp(now_us - 1000), now - ms);
    EXPECT_EQ(stamp(now_us - 500), now - ms / 2);
    EXPECT_EQ(stamp(1), 1);
    EXPECT_EQ(stamp(0), 1);
    EXPECT_EQ(stamp(-1), 1);
    EXPECT_EQ(stamp(std::numeric_limits<int64_t>::min()), 1);
}

TEST(Rule4Stamp, IsNotBelowTheLamportSeen)
{
    Row row = row_with_clock({}, now + 500 * ms);
    Edit edit = at(0, set("a", "x", "1"));
    edit.seen = now + 3;
    EXPECT_EQ(apply(row, edit, now).stamp, now + 3);
}

/* A document whose field x was written at `stamp` by b's number 4. */
Row written_at(Ticks stamp, const char* kind = "fields")
{
    std::string write = std::to_string(stamp) + R"(, "b", 4])";
    std::string text = R"({"alive": [)" + write;
    if (kind == "dead"sv)
        text = R"({"dead": [)" + write + "}";
    else if (kind == "fields"sv)
        text += R"(, "fields": [["fd0c5087", )" + write + "]}";
    else
        text += R"(, "tombstones": {"x": [)" + write + "}}";
    bool live = kind == "fields"sv;
    Row row = row_with_registers(text, live ? Fields{{"x", "0"}} : Fields{}, stamp + 1);
    row.exists = kind != "dead"sv;
    row.clock = row_with_clock({{"a", 2}, {"b", 5}}).clock;
    return row;
}

TEST(Rule4Stamp, IsRaisedAboveWhatTheWriterHadSeen)
{
    const Ticks stamp = now + 777;
    for (const char* kind : {"fields", "tombstones", "dead"}) {
        SCOPED_TRACE(kind);
        auto stamped_by = [&](const std::string& client, std::optional<ClockModel> clock,
                              std::optional<Counter> number) {
            Row row = written_at(stamp, kind);
            Edit edit = at(now_us - 10'000, set(client, "x", "1"));
            edit.clock = std::move(clock);
            edit.number = number;
            return apply(row, edit, now).stamp;
        };
        const Ticks own = now - 10 * ms;
        EXPECT_EQ(stamped_by("a", ClockModel{{"b", 4}}, {}), stamp + 1);
        EXPECT_EQ(stamped_by("a", ClockModel{{"b", 5}}, {}), stamp + 1);
        EXPECT_EQ(stamped_by("a", ClockModel{{"b", 99}}, {}), stamp + 1);
        EXPECT_EQ(stamped_by("a", ClockModel{{"b", 3}}, {}), own);
        EXPECT_EQ(stamped_by("a", ClockModel{{"a", 2}}, {}), own);
        EXPECT_EQ(stamped_by("a", {}, 3), own);
        EXPECT_EQ(stamped_by("b", {}, 6), stamp + 1);
        EXPECT_EQ(stamped_by("b", {}, 5), own);  // a stale number: perhaps an older write
        EXPECT_EQ(stamped_by("b", {}, {}), own); // no number of its own
    }
}

TEST(Rule4Stamp, IsRaisedWithinOneMillisecond)
{
    auto stamp = [](Ticks other) {
        Row row = written_at(other);
        return apply(row, at(now_us, set("a", "x", "1")), now + 900).stamp;
    };
    EXPECT_EQ(stamp(now - 1), now);
    EXPECT_EQ(stamp(now), now + 1);
    EXPECT_EQ(stamp(now + 5), now + 6);
    EXPECT_EQ(stamp(now + 1023), now + 1024);
    EXPECT_EQ(stamp(now + 1024), now);
}

TEST(Rule4Stamp, LooksOnlyAtTheRegistersItTouches)
{
    Row row = written_at(now + 5);
    EXPECT_EQ(apply(row, at(now_us, set("a", "y", "1")), now).stamp, now);
    EXPECT_EQ(apply(row, at(now_us, erase("a", "z")), now).stamp, now);
    /* `alive` is touched by a deletion only. */
    row = written_at(now + 5, "tombstones");
    EXPECT_EQ(apply(row, at(now_us, merge("a", {})), now).stamp, now);
    row = written_at(now + 5, "tombstones");
    EXPECT_EQ(apply(row, at(now_us, erase_document("a")), now).stamp, now + 6);
    row = written_at(now + 5, "dead");
    EXPECT_EQ(apply(row, at(now_us, merge("a", {})), now).stamp, now + 6);
}

TEST(Rule4Stamp, ClimbsOverRegistersInAscendingOrder)
{
    Row row = row_with_registers(R"({"alive": [1, "b", 1],
        "fields": [["e40c292c", 1024010240, "b", 1], ["e70c2de5", 1024000000, "c", 1],
                   ["e60c2c52", 1024012000, "d", 1]]})",
                                 {{"a", "0"}, {"b", "0"}, {"c", "0"}}, now + 20'000);
    row.clock = row_with_clock({{"b", 1}, {"c", 1}, {"d", 1}}).clock;
    Edit edit = at(now_us - 3'000, merge("x", {{"a", "1"}, {"b", "1"}, {"c", "1"}}));
    edit.clock = ClockModel{{"b", 1}};
    /* Above a, which it had seen; that is within the millisecond of neither b nor c. */
    Row copy = row;
    EXPECT_EQ(apply(copy, edit, now).stamp, 1024010241);
    /* Having seen c's writer only, it is above all three. */
    edit.clock = ClockModel{{"d", 1}};
    copy = row;
    EXPECT_EQ(apply(copy, edit, now).stamp, 1024012001);
    /* Starting in the millisecond of b, it stays there: a is in another one. */
    edit.clock.reset();
    edit.timestamp = now_us;
    copy = row;
    EXPECT_EQ(apply(copy, edit, now).stamp, 1024000001);
}

/* A stamped delta */

TEST(StampedDelta, KeepsItsStampWithinBounds)
{
    auto stamp = [](Ticks lamport, Ticks given) {
        Row row = row_with_clock({}, lamport), before = row;
        std::string sqlstate;
        Outcome outcome;
        sqlstate =
            sqlstate_of([&] { outcome = apply(row, stamped(given, 1, set("a", "x", "1")), now); });
        EXPECT_TRUE(sqlstate.empty() || row == before);
        return sqlstate.empty() ? std::to_string(outcome.stamp) : sqlstate;
    };
    EXPECT_EQ(stamp(0, 1), "1");
    EXPECT_EQ(stamp(0, 0), "22003");
    EXPECT_EQ(stamp(0, -1), "22003");
    EXPECT_EQ(stamp(0, std::numeric_limits<Ticks>::min()), "22003");
    EXPECT_EQ(stamp(0, now + skew), std::to_string(now + skew));
    EXPECT_EQ(stamp(0, now + skew + 1), "22008");
    EXPECT_EQ(stamp(0, max_counter), "22008");
    EXPECT_EQ(stamp(now + 2 * skew, now + 2 * skew), std::to_string(now + 2 * skew));
    EXPECT_EQ(stamp(now + 2 * skew, now + 2 * skew + 1), "22008");
}

TEST(StampedDelta, IsNotRaisedAndNotMovedByItsTimestamp)
{
    Row row = written_at(now + 5);
    Edit edit = at(now_us, stamped(now + 5, 9, set("a", "x", "1")));
    edit.clock = ClockModel{{"b", 4}};
    edit.seen = now + 6;
    Outcome outcome = apply(row, edit, now);
    EXPECT_EQ(outcome.stamp, now + 5);
    EXPECT_EQ(outcome.number, 9);
    EXPECT_FALSE(outcome.applied); // "a" is below "b"
    EXPECT_EQ(outcome.changed, Names{});
}

/* Rule 6: version, lamport */

TEST(Rule6Log, LamportIsAboveNowTheStampAndTheLastOne)
{
    auto lamport = [](Ticks before, Ticks stamp) {
        Row row = row_with_clock({}, before);
        return apply(row, stamped(stamp, 1, set("a", "x", "1")), now).lamport;
    };
    EXPECT_EQ(lamport(0, 5), now);
    EXPECT_EQ(lamport(0, now), now + 1);
    EXPECT_EQ(lamport(0, now + skew), now + skew + 1);
    EXPECT_EQ(lamport(now - 64, 5), now);
    EXPECT_EQ(lamport(now, 5), now + 64);
    EXPECT_EQ(lamport(now, now + 63), now + 64);
    EXPECT_EQ(lamport(now, now + 64), now + 65);
}

TEST(Rule6Log, VersionsCountEveryDelta)
{
    Row row = new_row();
    EXPECT_EQ(apply(row, at(now_us, set("a", "x", "1")), now).version, 1);
    EXPECT_EQ(apply(row, at(0, set("b", "x", "2")), now).version, 2); // superseded
    EXPECT_EQ(apply(row, erase_document("a"), now).version, 3);
    EXPECT_EQ(apply(row, set("a", "x", "3"), now).version, 4); // continues the tombstone's
}

TEST(Rule6Log, TheLamportEndsWithTheSafeIntegers)
{
    Row row = row_with_clock({}, max_ticks - 64);
    EXPECT_EQ(apply(row, set("a", "x", "1"), now).lamport, max_ticks);
    Row before = row;
    EXPECT_EQ(sqlstate_of([&] { apply(row, set("a", "x", "1"), now); }), "22008");
    EXPECT_TRUE(row == before);
}

/* Names and words */

TEST(Names, HaveLimitsInCharacters)
{
    auto document = [](const std::string& id) {
        return sqlstate_of([&] { check_document_id(id); });
    };
    auto field = [](const std::string& name) {
        return sqlstate_of([&] { check_field_name(name); });
    };
    std::string many, more;
    for (int i = 0; i < 255; ++i)
        many += "ä";
    for (int i = 0; i < 500; ++i)
        more += "日";
    EXPECT_EQ(document("x"), "");
    EXPECT_EQ(document(many), "");
    EXPECT_EQ(document(many + "x"), "22001");
    EXPECT_EQ(document(""), "22023");
    EXPECT_EQ(field("a.b"), "");
    EXPECT_EQ(field(more), "");
    EXPECT_EQ(field(more + "x"), "22001");
    EXPECT_EQ(field(""), "22023");
}

TEST(Names, OfOperationsAreThree)
{
    for (const char* word : {"set", "delete", "merge"})
        EXPECT_STREQ(to_text(operation_from_text(word)), word);
    for (const char* word : {"", "SET", "erase", "set ", "update"})
        EXPECT_EQ(sqlstate_of([&] { operation_from_text(word); }), "22023") << word;
}

TEST(Names, OfTicksAreMillisecondsShifted)
{
    EXPECT_EQ(ticks_from_unix_us(0), 0);
    EXPECT_EQ(ticks_from_unix_us(-1), 0);
    EXPECT_EQ(ticks_from_unix_us(std::numeric_limits<int64_t>::min()), 0);
    EXPECT_EQ(ticks_from_unix_us(1'700'000'000'123'000), 1'700'000'000'123 << 10);
    EXPECT_EQ(ticks_from_unix_us(999), 1022);
    EXPECT_LE(ticks_from_unix_us(max_counter), max_ticks);
    EXPECT_EQ(milliseconds(ticks_from_unix_us(1'700'000'000'123'999)), 1'700'000'000'123);
}

} // namespace
} // namespace synckit::test
