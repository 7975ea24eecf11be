#pragma once

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "clock/clock.hpp"

/* What the measurements of clocks share: memory that costs next to nothing, and made-up clocks. */
namespace synckit::bench {

/*
 * A Memory as an arena would be: each value overwrites the last one, and scratch space is handed
 * out from one block, which start_over() takes back.
 */
class OneValue final : public Memory {
  public:
    std::span<uint8_t> make_value(size_t size) override
    {
        if (value_.size() < size)
            value_.resize(size);
        return {value_.data(), size};
    }
    void start_over() { scratch_.release(); }

  private:
    void* do_allocate(size_t size, size_t alignment) override
    {
        return scratch_.allocate(size, alignment);
    }
    void do_deallocate(void*, size_t, size_t) override {}
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    std::vector<uint8_t> value_ = std::vector<uint8_t>(64 * 1024);
    std::vector<std::byte> block_ = std::vector<std::byte>(1024 * 1024);
    std::pmr::monotonic_buffer_resource scratch_{block_.data(), block_.size()};
};

enum class Ids { uuids, texts };

/* Which clients the second of two clocks has. */
enum class Shape {
    equal,    // those of the first
    disjoint, // none of them
    half,     // every other one of them, and as many others
    part,     // every other one of them, and no other
    one_more, // those of the first, and one other
};

/* Makes clocks that are the same in every run. */
class ClockMaker {
  public:
    /* Counters take so many bytes, as in a clock at rest: all of one magnitude. */
    ClockMaker(Ids ids, unsigned width, Memory& memory)
        : ids_(ids), top_(uint64_t{1} << (8 * width - 2)), memory_(&memory)
    {
    }

    /* Two clocks; half of the counters of common clients differ, but for a part, of which
     * the whole has seen everything. */
    void make_pair(size_t clients, Shape shape, Bytes& a, Bytes& b)
    {
        std::vector<ClockEntry> mine, theirs;
        for (size_t i = 0; i < clients; ++i) {
            mine.push_back({client(), counter()});
            bool common = shape == Shape::equal || shape == Shape::one_more ||
                          (shape != Shape::disjoint && i % 2 == 0);
            bool same = shape == Shape::part || i % 4 < 2;
            if (common)
                theirs.push_back({mine.back().client, same ? mine.back().counter : counter()});
            else if (shape != Shape::part)
                theirs.push_back({client(), counter()});
        }
        if (shape == Shape::one_more)
            theirs.push_back({client(), counter()});
        a = make_clock(mine, *memory_);
        b = make_clock(theirs, *memory_);
    }

    ClientId client()
    {
        if (ids_ == Ids::uuids) {
            uint8_t uuid[uuid_size];
            for (uint8_t& byte : uuid)
                byte = static_cast<uint8_t>(random_());
            return ClientId::from_uuid(uuid);
        }
        /* Short names: user-0 to user-16777215. */
        names_.push_back("user-" + std::to_string(random_() >> 40));
        return ClientId::from_plain(names_.back());
    }

  private:
    /* The highest bit but one is set, so every counter has this width and no sign. */
    Counter counter() { return static_cast<Counter>(top_ | (random_() & (top_ - 1))); }

    Ids ids_;
    uint64_t top_;
    Memory* memory_;
    std::mt19937_64 random_{1};
    std::deque<std::string> names_;
};

} // namespace synckit::bench
