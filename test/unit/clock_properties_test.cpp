#include "support.hpp"

#include <algorithm>

/* What must hold for all clocks: the operations against a std::map, and the laws of a lattice. */
namespace synckit::test {
namespace {

Buffer bytes_of(const ClockModel& model)
{
    HeapMemory memory;
    return copy(make_clock(model, memory));
}

ClockModel other_clock(Rng& rng, const ClockModel& model)
{
    return rng.chance(70) ? random_relative(rng, model) : random_clock(rng);
}

TEST(ClockProperties, TheBytesAreCanonical)
{
    for_each_seed(1000, [](Rng& rng) {
        ClockModel model = random_clock(rng);
        std::vector<std::pair<std::string, Counter>> noisy(model.begin(), model.end());
        for (const auto& [client, counter] : model) {
            if (rng.chance(30))
                noisy.emplace_back(client, rng.between(0, counter));
            if (rng.chance(30))
                noisy.emplace_back(client, counter);
        }
        for (const std::string& client : client_ids())
            if (!model.contains(client) && rng.chance(10))
                noisy.emplace_back(client, 0);
        rng.shuffle(noisy);

        HeapMemory memory;
        std::vector<ClockEntry> entries;
        std::map<std::string, int> times;
        bool repeated = false;
        for (const auto& [client, counter] : noisy) {
            entries.push_back({ClientId::from_text(client), counter});
            repeated |= ++times[client] > 1;
        }
        std::vector<ClockEntry> again = entries;
        EXPECT_EQ(copy(synckit::make_clock(std::span(entries), memory)), bytes_of(model));
        EXPECT_EQ(has_repeated_client(again, memory), repeated);
    });
}

TEST(ClockProperties, EqualBytesAreEqualClocks)
{
    for_each_seed(2000, [](Rng& rng) {
        ClockModel a = random_clock(rng, 4), b = other_clock(rng, a);
        EXPECT_EQ(bytes_of(a) == bytes_of(b), a == b);
        HeapMemory memory;
        Bytes mine = make_clock(a, memory), theirs = make_clock(b, memory);
        bool same_clients = std::ranges::equal(
            a, b, {}, [](auto& e) { return e.first; }, [](auto& e) { return e.first; });
        EXPECT_EQ(
            std::ranges::equal(ClockView(mine).client_block(), ClockView(theirs).client_block()),
            same_clients);
    });
}

TEST(ClockProperties, TextAndWireGoRound)
{
    for_each_seed(1000, [](Rng& rng) {
        ClockModel model = random_clock(rng);
        HeapMemory memory;
        ClockView clock(make_clock(model, memory));
        EXPECT_EQ(model_of(clock), model);
        EXPECT_EQ(clock.size(), model.size());
        Buffer text = copy(as_bytes(clock_to_text(clock, memory)));
        Buffer wire = copy(clock_to_wire(clock, memory));
        EXPECT_EQ(copy(clock_from_text(as_text(text), memory)), copy(clock.bytes()));
        EXPECT_EQ(copy(clock_from_wire(wire, memory)), copy(clock.bytes()));
    });
}

TEST(ClockProperties, TheCursorGoesInTheOrderOfTheTexts)
{
    for_each_seed(500, [](Rng& rng) {
        ClockModel model = random_clock(rng, 30);
        HeapMemory memory;
        Buffer bytes = bytes_of(model);
        ClockCursor at{ClockView(bytes)};
        for (const auto& [client, counter] : model) { // a map of strings: by their bytes
            ASSERT_FALSE(at.done());
            char text[uuid_text_size];
            EXPECT_EQ(at.entry().client.text(text), client);
            EXPECT_EQ(at.entry().counter, counter);
            at.next();
        }
        EXPECT_TRUE(at.done());
    });
}

TEST(ClockProperties, IdsCompareLikeTheirTexts)
{
    for_each_seed(2000, [](Rng& rng) {
        std::string a = random_client(rng), b = random_client(rng);
        ClientId mine = ClientId::from_text(a), theirs = ClientId::from_text(b);
        auto sign = [](int order) { return (order > 0) - (order < 0); };
        EXPECT_EQ(sign(mine.compare(theirs)), sign(a.compare(b))) << a << " " << b;
    });
}

TEST(ClockProperties, ChangesOfOneEntryAreThoseOfAMap)
{
    for_each_seed(1000, [](Rng& rng) {
        ClockModel model = random_clock(rng);
        HeapMemory memory;
        ClockView clock(make_clock(model, memory));
        for (int i = 0; i < 10; ++i) {
            std::string client =
                rng.chance(50) && !model.empty() ? rng.pick(model).first : random_client(rng);
            ClientId id = ClientId::from_text(client);
            Counter old = counter_of(model, client);
            EXPECT_EQ(clock_get(clock, id), old) << client;
            Bytes changed;
            Counter counter = rng.chance(20) ? 0 : rng.counter();
            if (rng.chance(30)) {
                changed = clock_advance(clock, id, counter, memory);
                model[client] = std::max(old, counter);
            } else if (rng.chance(40)) {
                changed = clock_forget(clock, id, memory);
                model.erase(client);
            } else {
                Counter by = rng.counter();
                if (by > max_counter - old) {
                    EXPECT_EQ(sqlstate_of([&] { clock_tick(clock, id, by, memory); }), "22003");
                    continue;
                }
                changed = clock_tick(clock, id, by, memory);
                model[client] = old + by;
            }
            std::erase_if(model, [](const auto& entry) { return entry.second == 0; });
            clock = ClockView(changed);
            EXPECT_EQ(copy(changed), bytes_of(model));
        }
    });
}

TEST(ClockProperties, MergeMeetAndCompareAreThoseOfAMap)
{
    for_each_seed(3000, [](Rng& rng) {
        ClockModel a = random_clock(rng), b = other_clock(rng, a);
        Buffer mine = bytes_of(a), theirs = bytes_of(b);
        ClockView x(mine), y(theirs);
        HeapMemory memory;
        EXPECT_EQ(copy(clock_merge(x, y, memory)), bytes_of(merged(a, b)));
        EXPECT_EQ(copy(clock_meet(x, y, memory)), bytes_of(met(a, b)));
        EXPECT_EQ(clock_compare(x, y), compared(a, b));
    });
}

/* The one fast way: clocks of the same clients. Every width, and counts around those of a vector
 * register. */
TEST(ClockProperties, MergeOfTheSameClientsIsThatOfAMap)
{
    for_each_seed(600, [](Rng& rng) {
        ClockModel a, b;
        unsigned width = 8u << rng.below(4);
        for (uint64_t i = rng.below(70); i > 0; --i) {
            std::string client = random_client(rng);
            auto counter = [&] {
                return static_cast<Counter>(std::max<uint64_t>(rng.bits() >> (64 - width), 1)) &
                       max_counter;
            };
            a[client] = std::max<Counter>(counter(), 1);
            b[client] = std::max<Counter>(counter(), 1);
        }
        Buffer mine = bytes_of(a), theirs = bytes_of(b);
        HeapMemory memory;
        EXPECT_EQ(copy(clock_merge(ClockView(mine), ClockView(theirs), memory)),
                  bytes_of(merged(a, b)));
    });
}

TEST(ClockProperties, MergeAndMeetAreALattice)
{
    for_each_seed(1000, [](Rng& rng) {
        HeapMemory memory;
        ClockModel model = random_clock(rng, 8);
        ClockView a(make_clock(model, memory)), b(make_clock(other_clock(rng, model), memory)),
            c(make_clock(other_clock(rng, model), memory));
        auto join = [&](ClockView x, ClockView y) { return ClockView(clock_merge(x, y, memory)); };
        auto meet = [&](ClockView x, ClockView y) { return ClockView(clock_meet(x, y, memory)); };
        auto same = [](ClockView x, ClockView y) { EXPECT_EQ(copy(x.bytes()), copy(y.bytes())); };
        same(join(a, b), join(b, a));
        same(meet(a, b), meet(b, a));
        same(join(a, join(b, c)), join(join(a, b), c));
        same(meet(a, meet(b, c)), meet(meet(a, b), c));
        same(join(a, a), a);
        same(meet(a, a), a);
        same(join(a, meet(a, b)), a);
        same(meet(a, join(a, b)), a);
        same(join(a, meet(b, c)), meet(join(a, b), join(a, c)));
        same(join(a, ClockView()), a);
        same(meet(a, ClockView()), ClockView());
    });
}

TEST(ClockProperties, TheTotalOrderIsThatOfSparseVectors)
{
    for_each_seed(3000, [](Rng& rng) {
        ClockModel a = random_clock(rng), b = other_clock(rng, a);
        Buffer mine = bytes_of(a), theirs = bytes_of(b);
        EXPECT_EQ(clock_order(ClockView(mine), ClockView(theirs)), ordered(a, b));
        EXPECT_EQ(clock_order(ClockView(theirs), ClockView(mine)), ordered(b, a));
    });
}

TEST(ClockProperties, TheTotalOrderExtendsCausality)
{
    for_each_seed(3000, [](Rng& rng) {
        HeapMemory memory;
        ClockModel model = random_clock(rng, 6);
        ClockView x(make_clock(model, memory)), y(make_clock(other_clock(rng, model), memory)),
            z(make_clock(other_clock(rng, model), memory));
        if (clock_compare(x, y) == Causality::before) {
            EXPECT_LT(clock_order(x, y), 0);
        }
        EXPECT_EQ(clock_compare(x, y) == Causality::equal, clock_order(x, y) == 0);
        if (clock_order(x, y) <= 0 && clock_order(y, z) <= 0) {
            EXPECT_LE(clock_order(x, z), 0);
        }
    });
}

TEST(ClockProperties, CompareIsTheOrderOfTheLattice)
{
    for_each_seed(1000, [](Rng& rng) {
        HeapMemory memory;
        ClockModel model = random_clock(rng, 4);
        ClockView a(make_clock(model, memory)), b(make_clock(other_clock(rng, model), memory));
        Causality order = clock_compare(a, b);
        Bytes join = clock_merge(a, b, memory), meet = clock_meet(a, b, memory);
        bool before_or_equal = std::ranges::equal(join, b.bytes());
        bool after_or_equal = std::ranges::equal(join, a.bytes());
        EXPECT_EQ(before_or_equal, std::ranges::equal(meet, a.bytes()));
        EXPECT_EQ(order == Causality::equal, before_or_equal && after_or_equal);
        EXPECT_EQ(order == Causality::before, before_or_equal && !after_or_equal);
        EXPECT_EQ(order == Causality::after, after_or_equal && !before_or_equal);
        Causality back = clock_compare(b, a);
        EXPECT_EQ(order == Causality::before, back == Causality::after);
        EXPECT_EQ(order == Causality::concurrent, back == Causality::concurrent);
        EXPECT_NE(clock_compare(a, ClockView()), Causality::before);
    });
}

TEST(ClockOperations, TickRefusesAStepBelowOneAndAnOverflow)
{
    HeapMemory memory;
    ClientId a = ClientId::from_text("a");
    ClockView clock(make_clock({{"a", max_counter - 1}}, memory));
    for (Counter by : {Counter{0}, Counter{-1}, std::numeric_limits<Counter>::min()})
        EXPECT_EQ(sqlstate_of([&] { clock_tick(clock, a, by, memory); }), "22023") << by;
    EXPECT_EQ(model_of(clock_tick(clock, a, 1, memory)), (ClockModel{{"a", max_counter}}));
    EXPECT_EQ(sqlstate_of([&] { clock_tick(clock, a, 2, memory); }), "22003");
    EXPECT_EQ(sqlstate_of([&] { clock_tick(clock, a, max_counter, memory); }), "22003");
    EXPECT_EQ(model_of(clock_tick(ClockView(), a, max_counter, memory)),
              (ClockModel{{"a", max_counter}}));
}

TEST(ClockOperations, AdvanceRefusesWhatNoCounterIs)
{
    HeapMemory memory;
    ClockView clock(make_clock({{"a", 5}}, memory));
    ClientId a = ClientId::from_text("a");
    for (Counter bad : {Counter{-1}, std::numeric_limits<Counter>::min()})
        EXPECT_EQ(sqlstate_of([&] { clock_advance(clock, a, bad, memory); }), "22003") << bad;
    for (Counter low : {Counter{0}, Counter{4}, Counter{5}})
        EXPECT_EQ(copy(clock_advance(clock, a, low, memory)), copy(clock.bytes()));
    EXPECT_EQ(model_of(clock_advance(clock, a, max_counter, memory)),
              (ClockModel{{"a", max_counter}}));
}

TEST(ClockOperations, TheWordsOfCompare)
{
    EXPECT_STREQ(to_text(Causality::equal), "equal");
    EXPECT_STREQ(to_text(Causality::before), "before");
    EXPECT_STREQ(to_text(Causality::after), "after");
    EXPECT_STREQ(to_text(Causality::concurrent), "concurrent");
}

TEST(ClientIds, AreTextOf1To255Bytes)
{
    auto check = [](std::string_view id) {
        Buffer exact = copy(as_bytes(id));
        return sqlstate_of([&] { ClientId::from_text(as_text(exact)); });
    };
    for (const std::string& id : client_ids())
        EXPECT_EQ(check(id), "") << id;
    EXPECT_EQ(check(""), "22023");
    EXPECT_EQ(check(std::string(256, 'a')), "22001");
    EXPECT_EQ(check("a\0b"sv), "22021");
    for (const char* bad :
         {"\x80", "\xc2", "\xc1\xbf", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5", "\xff", "a\xc3"})
        EXPECT_EQ(check(bad), "22021") << bad;
}

} // namespace
} // namespace synckit::test
