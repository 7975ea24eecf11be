#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/memory.hpp"
#include "clock/clock.hpp"

/* What the unit tests share: repeatable randomness, errors as values, and clocks as plain maps. */
namespace synckit::test {

using namespace std::string_literals;
using namespace std::string_view_literals;

/* A random source that gives the same numbers everywhere: std::uniform_int_distribution does not.
 */
class Rng {
  public:
    explicit Rng(uint64_t seed) : engine_(seed) {}

    uint64_t bits() { return engine_(); }
    uint64_t below(uint64_t limit) { return engine_() % limit; }
    int64_t between(int64_t low, int64_t high)
    {
        return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
    }
    bool chance(unsigned percent) { return below(100) < percent; }
    /* A counter of 1 to 2^63 - 1, of every magnitude alike. */
    Counter counter()
    {
        return static_cast<Counter>(std::max<uint64_t>(bits() >> between(1, 63), 1));
    }

    template <class Container>
    const auto& pick(const Container& from)
    {
        return *std::next(std::begin(from), static_cast<ptrdiff_t>(below(std::size(from))));
    }
    template <class Container>
    void shuffle(Container& items)
    {
        for (size_t i = items.size(); i > 1; --i)
            std::swap(items[i - 1], items[below(i)]);
    }

  private:
    std::mt19937_64 engine_;
};

/* Checks a property for seeds 1 to count. A failure names its seed, and ends the run. */
template <class Property>
void for_each_seed(uint64_t count, Property property)
{
    for (uint64_t seed = 1; seed <= count && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Rng rng(seed);
        try {
            property(rng);
        } catch (const std::exception& error) {
            ADD_FAILURE() << "thrown: " << error.what();
        }
    }
}

/* The SQLSTATE of what the call throws, or "" if it throws nothing. */
template <class Call>
std::string sqlstate_of(Call call)
{
    try {
        call();
    } catch (const Error& error) {
        EXPECT_FALSE(error.message().empty());
        return error.sqlstate();
    }
    return "";
}

/* What the call throws, all of it in one line; "" if it throws nothing. */
template <class Call>
std::string error_of(Call call)
{
    try {
        call();
    } catch (const Error& error) {
        return error.sqlstate() + ": "s + error.message() + " | " + error.detail() + " | " +
               error.hint();
    }
    return "";
}

/* Bytes on the heap with nothing after them, so that the sanitizer sees a read past the end. */
using Buffer = std::vector<uint8_t>;

inline Buffer copy(Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
}

inline Buffer buffer(std::initializer_list<unsigned> bytes)
{
    return {bytes.begin(), bytes.end()};
}

inline Buffer flipped(Buffer bytes, Rng& rng)
{
    for (uint64_t flips = 1 + rng.below(3); flips > 0 && !bytes.empty(); --flips)
        bytes[rng.below(bytes.size())] = static_cast<uint8_t>(rng.bits());
    return bytes;
}

inline Buffer random_bytes(Rng& rng, size_t most)
{
    Buffer bytes(rng.below(most + 1));
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(rng.chance(50) ? rng.below(4) : rng.bits());
    return bytes;
}

/* A clock as anybody would write it down: what the real ones are held against. */
using ClockModel = std::map<std::string, Counter>;

inline Bytes make_clock(const ClockModel& model, Memory& memory)
{
    std::vector<ClockEntry> entries;
    for (const auto& [client, counter] : model)
        entries.push_back({ClientId::from_text(client), counter});
    return synckit::make_clock(std::span(entries), memory);
}

inline ClockModel model_of(const ClockView& clock)
{
    ClockModel model;
    for (ClockCursor at(clock); !at.done(); at.next()) {
        char text[uuid_text_size];
        EXPECT_TRUE(model.emplace(at.entry().client.text(text), at.entry().counter).second);
    }
    return model;
}

inline ClockModel model_of(Bytes clock)
{
    return model_of(ClockView(clock));
}

inline std::string random_uuid(Rng& rng)
{
    uint8_t bytes[uuid_size];
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(rng.bits());
    std::string text(uuid_text_size, '\0');
    uuid_to_text(bytes, text.data());
    return text;
}

/* Client ids that are easily confused: UUIDs, near-UUIDs, prefixes of each other, several bytes a
 * character, the longest and the shortest. */
inline const std::vector<std::string>& client_ids()
{
    static const std::vector<std::string> ids = {"a",
                                                 "aa",
                                                 "b",
                                                 "~",
                                                 " ",
                                                 "\x01",
                                                 "\x7f",
                                                 "\"",
                                                 "\\",
                                                 "0",
                                                 "00000000",
                                                 "1234567",
                                                 "00000000-0000-0000-0000-000000000000",
                                                 "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                                 "0190163d-8694-739b-aea5-966c26f8ad91",
                                                 "0190163d-8694-739b-aea5-966c26f8ad92",
                                                 "0190163D-8694-739B-AEA5-966C26F8AD91",
                                                 "0190163d-8694-739b-aea5-966c26f8ad9",
                                                 "0190163d-8694-739b-aea5-966c26f8ad911",
                                                 "0190163d-8694-739b-aea5-966c26f8ad9g",
                                                 "0190163d86-94-739b-aea5-966c26f8ad91",
                                                 "0190163d-8694-739b-aea5_966c26f8ad91",
                                                 "0190163d8694739baea5966c26f8ad91",
                                                 "{190163d-8694-739b-aea5-966c26f8ad9}",
                                                 "ä",
                                                 "日本",
                                                 "😀",
                                                 "\xef\xbf\xbf",
                                                 "\xf4\x8f\xbf\xbf",
                                                 std::string(255, 'x'),
                                                 std::string(254, 'x'),
                                                 std::string(253, 'x') + "ä"};
    return ids;
}

inline std::string random_client(Rng& rng)
{
    return rng.chance(70) ? rng.pick(client_ids()) : random_uuid(rng);
}

inline ClockModel random_clock(Rng& rng, size_t most = 12)
{
    ClockModel model;
    bool small = rng.chance(50);
    for (uint64_t i = rng.below(most + 1); i > 0; --i)
        model[random_client(rng)] = small ? rng.between(1, 3) : rng.counter();
    return model;
}

/* A clock near another one: some entries gone, some changed, some new. */
inline ClockModel random_relative(Rng& rng, ClockModel model)
{
    for (auto at = model.begin(); at != model.end();) {
        if (rng.chance(20))
            at->second = rng.chance(50) ? rng.counter() : std::max<Counter>(at->second / 2, 1);
        at = rng.chance(10) ? model.erase(at) : std::next(at);
    }
    if (rng.chance(30))
        model[random_client(rng)] = rng.counter();
    return model;
}

} // namespace synckit::test
