/*
 * The evidence for the layout of clocks (src/clock/layout.cpp): merging two clocks of the same 64
 * UUID clients, which differ in half of their counters.
 *
 *   Layout   the real clock_merge(): one compare, one vector maximum
 *   Leb128   the same clocks with LEB128 counters: the same compare of the clients, then a counter
 *            after the other
 *   Memcpy   a copy of the same number of bytes: what no merge can beat
 *
 * The argument is how many bytes the counters take as fixed-width numbers. Built by
 * `cmake --build build --target clock_format_bench`, for people who want to see for themselves.
 */
#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/bytes.hpp"
#include "clocks.hpp"

namespace synckit::bench {
namespace {

constexpr size_t clients = 64;

struct Pair {
    explicit Pair(benchmark::State& state)
    {
        ClockMaker(Ids::uuids, static_cast<unsigned>(state.range(0)), memory)
            .make_pair(clients, Shape::equal, a, b);
    }
    HeapMemory memory;
    Bytes a, b;
};

/* The layout with other counters: what names the clients stays as it is. */
std::vector<uint8_t> with_leb128(Bytes bytes)
{
    ClockView clock(bytes);
    std::vector<uint8_t> out(bytes.data(), clock.counters().at);
    for (uint32_t i = 0; i < clock.size(); ++i) {
        uint8_t counter[10];
        out.insert(out.end(), counter,
                   put_varint(counter, static_cast<uint64_t>(clock.counter(i))));
    }
    return out;
}

/* Counters are read unchecked, which favours this side: a real one would look for the end. */
const uint8_t* get_trusted_varint(const uint8_t* from, uint64_t& value)
{
    value = *from++;
    if (value < 0x80)
        return from;
    value &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
        uint64_t byte = *from++;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return from;
    }
}

size_t merge_leb128(Bytes a, Bytes b, size_t head, std::span<uint8_t> out)
{
    if (std::memcmp(a.data(), b.data(), head) != 0)
        return 0; // other clients: not what is measured
    std::memcpy(out.data(), a.data(), head);
    const uint8_t *x = a.data() + head, *y = b.data() + head;
    uint8_t* to = out.data() + head;
    for (size_t i = 0; i < clients; ++i) {
        uint64_t mine, theirs;
        x = get_trusted_varint(x, mine);
        y = get_trusted_varint(y, theirs);
        to = put_varint(to, std::max(mine, theirs));
    }
    return static_cast<size_t>(to - out.data());
}

void Layout(benchmark::State& state)
{
    Pair pair(state);
    OneValue memory;
    for (auto _ : state) {
        Bytes merged = clock_merge(ClockView(pair.a), ClockView(pair.b), memory);
        benchmark::DoNotOptimize(merged.data());
        benchmark::ClobberMemory();
    }
    state.counters["bytes"] = static_cast<double>(pair.a.size());
}

void Leb128(benchmark::State& state)
{
    Pair pair(state);
    std::vector<uint8_t> a = with_leb128(pair.a), b = with_leb128(pair.b);
    auto head = static_cast<size_t>(ClockView(pair.a).counters().at - pair.a.data());
    OneValue memory;
    for (auto _ : state) {
        std::span<uint8_t> out = memory.make_value(head + clients * 10);
        benchmark::DoNotOptimize(merge_leb128(a, b, head, out));
        benchmark::ClobberMemory();
    }
    state.counters["bytes"] = static_cast<double>(a.size());
}

void Memcpy(benchmark::State& state)
{
    Pair pair(state);
    OneValue memory;
    std::span<uint8_t> out = memory.make_value(pair.a.size());
    for (auto _ : state) {
        std::memcpy(out.data(), pair.a.data(), pair.a.size());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    state.counters["bytes"] = static_cast<double>(pair.a.size());
}

BENCHMARK(Layout)->Arg(1)->Arg(2)->Arg(4)->Arg(8);
BENCHMARK(Leb128)->Arg(1)->Arg(2)->Arg(4)->Arg(8);
BENCHMARK(Memcpy)->Arg(1)->Arg(2)->Arg(4)->Arg(8);

} // namespace
} // namespace synckit::bench

BENCHMARK_MAIN();
