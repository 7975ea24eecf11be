/*
 * Merging UUIDs without branching on their order.
 *
 * UUIDs are random, so which of two comes first is random too, and a branch on it is mispredicted
 * every other time, which costs more than all the rest. So a step loads both, takes the lesser by
 * arithmetic, and moves on by 0 or 1 in each clock. Clocks that have most clients in common would
 * pay for that: four clients that are the same in both are taken at once.
 */
#include "clock/uuid_merge.hpp"

#include <algorithm>

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr size_t block = 4;

using Number = unsigned __int128;

struct Uuid {
    explicit Uuid(const uint8_t* from) : first(load<uint64_t>(from)), last(load<uint64_t>(from + 8))
    {
    }
    Number number() const
    {
        return Number{__builtin_bswap64(first)} << 64 | __builtin_bswap64(last);
    }
    uint64_t first, last; // as they stand in memory
};

template <class T>
struct Side {
    Side(const ClockView& clock)
        : uuid(clock.uuid(0)), counter(clock.counters().at), left(clock.uuids())
    {
    }
    void advance(size_t count)
    {
        uuid += count * uuid_size;
        counter += count * sizeof(T);
        left -= count;
    }

    const uint8_t* uuid;
    const uint8_t* counter;
    size_t left;
};

template <class A, class B>
struct Merger {
    using Out = std::conditional_t<(sizeof(A) > sizeof(B)), A, B>;

    Side<A> a;
    Side<B> b;
    uint8_t* uuid;
    uint8_t* counter;

    void step()
    {
        Uuid mine(a.uuid), theirs(b.uuid);
        Number x = mine.number(), y = theirs.number();
        size_t take_a = x <= y, take_b = y <= x;
        uint64_t mask_a = 0 - uint64_t{take_a}, mask_b = 0 - uint64_t{take_b};
        store(uuid, (mine.first & mask_a) | (theirs.first & ~mask_a));
        store(uuid + 8, (mine.last & mask_a) | (theirs.last & ~mask_a));
        Out of_a = static_cast<Out>(load<A>(a.counter) & mask_a);
        Out of_b = static_cast<Out>(load<B>(b.counter) & mask_b);
        store<Out>(counter, std::max(of_a, of_b));
        uuid += uuid_size;
        counter += sizeof(Out);
        a.advance(take_a);
        b.advance(take_b);
    }

    void take_block()
    {
        std::memcpy(uuid, a.uuid, block * uuid_size);
        for (size_t i = 0; i < block; ++i) {
            Out of_a = load<A>(a.counter + i * sizeof(A)),
                of_b = load<B>(b.counter + i * sizeof(B));
            store<Out>(counter + i * sizeof(Out), std::max(of_a, of_b));
        }
        uuid += block * uuid_size;
        counter += block * sizeof(Out);
        a.advance(block);
        b.advance(block);
    }

    template <class T>
    void take_rest(const Side<T>& side)
    {
        uuid = std::copy_n(side.uuid, side.left * uuid_size, uuid);
        convert({side.counter, sizeof(T)}, counter, sizeof(Out), side.left);
        counter += side.left * sizeof(Out);
    }

    void run()
    {
        while (a.left >= block && b.left >= block) {
            if (std::memcmp(a.uuid, b.uuid, block * uuid_size) == 0) {
                take_block();
                continue;
            }
            for (size_t i = 0; i < block; ++i)
                step();
        }
        while (a.left > 0 && b.left > 0)
            step();
        take_rest(a);
        take_rest(b);
    }
};

} // namespace

MergedUuids merge_uuids(const ClockView& a, const ClockView& b, Memory& memory)
{
    unsigned width = std::max(a.width(), b.width());
    size_t most = size_t{a.uuids()} + b.uuids();
    auto* uuids = static_cast<uint8_t*>(memory.allocate(most * (uuid_size + width) + 1, 1));
    uint8_t* counters = uuids + most * uuid_size;
    size_t count = 0;
    with_width(a.width(), [&](auto of_a) {
        with_width(b.width(), [&](auto of_b) {
            Merger<decltype(of_a), decltype(of_b)> merger{a, b, uuids, counters};
            merger.run();
            count = static_cast<size_t>(merger.uuid - uuids) / uuid_size;
        });
    });
    return {uuids, {counters, width}, count};
}

} // namespace synckit
