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
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/bytes.hpp"
#include "clock/clock.hpp"

namespace synckit {
namespace {

constexpr size_t clients = 64;

/* A Memory that costs next to nothing, as an arena would: each merge's result overwrites the last
 * one's. */
class OneValue final : public Memory {
  public:
    std::span<uint8_t> make_value(size_t size) override { return {buffer_.data(), size}; }

  private:
    void* do_allocate(size_t size, size_t) override { return ::operator new(size); }
    void do_deallocate(void* at, size_t, size_t) override { ::operator delete(at); }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    std::vector<uint8_t> buffer_ = std::vector<uint8_t>(16 * 1024);
};

struct Pair {
    HeapMemory memory;
    Bytes a, b;
};

/* Counters whose greatest takes just so many bytes, as in a clock at rest: all of one magnitude. */
void fill(Pair& pair, unsigned width)
{
    std::mt19937_64 random(1);
    std::vector<ClockEntry> a, b;
    for (size_t i = 0; i < clients; ++i) {
        uint8_t uuid[uuid_size];
        for (uint8_t& byte : uuid)
            byte = static_cast<uint8_t>(random());
        /* The highest bit but one is set, so every counter has this width and no sign. */
        auto counter = [&] {
            uint64_t top = uint64_t{1} << (8 * width - 2);
            return static_cast<Counter>(top | (random() & (top - 1)));
        };
        a.push_back({ClientId::from_uuid(uuid), counter()});
        b.push_back({ClientId::from_uuid(uuid), i % 2 ? counter() : a.back().counter});
    }
    pair.a = make_clock(a, pair.memory);
    pair.b = make_clock(b, pair.memory);
}

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
    Pair pair;
    fill(pair, static_cast<unsigned>(state.range(0)));
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
    Pair pair;
    fill(pair, static_cast<unsigned>(state.range(0)));
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
    Pair pair;
    fill(pair, static_cast<unsigned>(state.range(0)));
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
} // namespace synckit

BENCHMARK_MAIN();
