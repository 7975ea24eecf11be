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
#include "clock_model.hpp"

/* What the unit tests share: repeatable randomness and errors as values. */
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

inline std::string random_uuid(Rng& rng)
{
    uint8_t bytes[uuid_size];
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(rng.bits());
    std::string text(uuid_text_size, '\0');
    uuid_to_text(bytes, text.data());
    return text;
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
