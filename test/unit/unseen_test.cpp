#include "support.hpp"

#include <set>

#include "document/unseen.hpp"

namespace synckit::test {
namespace {

struct LoggedDelta {
    std::string client;
    Counter number;
};

struct Case {
    std::vector<LoggedDelta> log; // oldest first
    ClockModel document;
    ClockModel seen;
};

Case random_case(Rng& rng)
{
    Case made;
    std::vector<std::string> clients;
    for (uint64_t i = rng.below(5); i > 0; --i)
        clients.push_back(random_client(rng));
    for (uint64_t i = clients.empty() ? 0 : rng.below(20); i > 0; --i) {
        const std::string& client = rng.pick(clients);
        Counter& entry = made.document[client];
        entry += rng.chance(80) ? 1 : rng.between(1, 1000);
        made.log.push_back({client, entry});
    }
    if (rng.chance(20)) // an entry that was raised by hand
        made.document[random_client(rng)] += rng.between(1, 3);
    for (const auto& [client, counter] : made.document)
        if (rng.chance(80))
            made.seen[client] = rng.between(1, counter + 1);
    if (rng.chance(20))
        made.seen[random_client(rng)] = rng.counter();
    return made;
}

Counter entry(const ClockModel& clock, const std::string& client)
{
    auto at = clock.find(client);
    return at == clock.end() ? 0 : at->second;
}

/* Walks the log from its newest delta back as far as it has to; the places of what is unseen. */
std::set<size_t> walk(const Case& given, size_t& visited, bool& done)
{
    HeapMemory memory;
    UnseenWalk walk(ClockView(make_clock(given.document, memory)),
                    ClockView(make_clock(given.seen, memory)), memory);
    std::set<size_t> unseen;
    for (visited = 0; visited < given.log.size() && !walk.done(); ++visited) {
        size_t place = given.log.size() - 1 - visited;
        if (walk.visit(given.log[place].client, given.log[place].number))
            unseen.insert(place);
    }
    done = walk.done();
    return unseen;
}

TEST(Unseen, IsWhatIsAboveTheClock)
{
    for_each_seed(3000, [](Rng& rng) {
        Case given = random_case(rng);
        std::set<size_t> expected;
        for (size_t i = 0; i < given.log.size(); ++i)
            if (given.log[i].number > entry(given.seen, given.log[i].client))
                expected.insert(i);
        size_t visited;
        bool done;
        EXPECT_EQ(walk(given, visited, done), expected);
    });
}

/* The walk ends as soon as the rest of the log cannot hold anything unseen, as far as the numbers
 * that it has met tell, and not before. */
TEST(Unseen, WalksNoFurtherThanItMust)
{
    for_each_seed(3000, [](Rng& rng) {
        Case given = random_case(rng);
        size_t visited;
        bool done;
        walk(given, visited, done);
        auto settled = [&](size_t from) {
            for (const auto& [client, counter] : given.document) {
                Counter seen = entry(given.seen, client), least = counter + 1;
                for (size_t i = given.log.size(); i > from; --i)
                    if (given.log[i - 1].client == client)
                        least = given.log[i - 1].number;
                if (seen < counter && seen < least - 1)
                    return false;
            }
            return true;
        };
        size_t from = given.log.size() - visited;
        EXPECT_EQ(done, settled(from));
        if (visited > 0) {
            EXPECT_FALSE(settled(from + 1));
        }
    });
}

TEST(Unseen, CountsToTheGreatestNumber)
{
    Case given{{{"a", max_counter}}, {{"a", max_counter}}, {{"a", max_counter - 1}}};
    size_t visited;
    bool done;
    EXPECT_EQ(walk(given, visited, done), std::set<size_t>{0});
    EXPECT_TRUE(done);
}

} // namespace
} // namespace synckit::test
