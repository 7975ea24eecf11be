/*
 * What each operation on clocks costs in the pure core, beside a memcpy of the bytes that it
 * returns. Built as the shipped library is; scripts/bench runs it (scenario core).
 *
 * Names are OPERATION/IDS/CLIENTS/SHAPE; memcpy stands beside the merge of the same name. The
 * shapes are those of clocks.hpp; "wide" is "equal" with counters of eight bytes where the others
 * have one. Operations on one clock have no shape, but for tick: of a client that the clock has
 * ("known"), and of another ("new").
 *
 * Each takes turns with many clocks, so that a branch predictor cannot learn the one by heart, as
 * it would in no real use.
 */
#include <algorithm>
#include <string>

#include <benchmark/benchmark.h>

#include "clocks.hpp"

namespace synckit::bench {
namespace {

constexpr unsigned at_rest = 1, wide = 8; // bytes of a counter

/* As many clocks as there are entries enough: four thousand are still learned in part. */
constexpr size_t clocks_of(size_t clients)
{
    return std::clamp<size_t>(16384 / clients, 16, 256);
}

struct Inputs {
    Inputs(Ids ids, size_t clients, Shape shape, unsigned width)
        : maker(ids, width, memory), pairs(clocks_of(clients))
    {
        for (Pair& pair : pairs) {
            maker.make_pair(clients, shape, pair.a, pair.b);
            pair.merged = clock_merge(ClockView(pair.a), ClockView(pair.b), memory);
            pair.text = clock_to_text(ClockView(pair.a), memory);
            pair.wire = clock_to_wire(ClockView(pair.a), memory);
            pair.known = ClockCursor(ClockView(pair.a)).entry().client;
            pair.other = maker.client();
        }
    }

    struct Pair {
        Bytes a, b, merged, wire;
        std::string_view text;
        ClientId known, other;
    };

    HeapMemory memory;
    ClockMaker maker;
    std::vector<Pair> pairs;
};

using Pair = Inputs::Pair;

/* As the SQL functions do it: a view is made, and checked, at each call. */
ClockView view(Bytes bytes)
{
    return ClockView(bytes);
}

template <class Call>
void add(const std::string& name, Ids ids, size_t clients, Shape shape, unsigned width, Call call)
{
    auto run = [=](benchmark::State& state) {
        Inputs inputs(ids, clients, shape, width);
        OneValue memory;
        auto at = inputs.pairs.begin();
        for (auto _ : state) {
            benchmark::DoNotOptimize(call(*at, memory));
            benchmark::ClobberMemory();
            memory.start_over();
            if (++at == inputs.pairs.end())
                at = inputs.pairs.begin();
        }
    };
    benchmark::RegisterBenchmark(name.c_str(), run);
}

/* What stands behind the operation in a benchmark's name. */
std::string suffix(Ids ids, size_t clients, const char* shape)
{
    std::string name = ids == Ids::uuids ? "/uuid/" : "/text/";
    name += std::to_string(clients);
    name += '/';
    return name + shape;
}

void add_of_two(Ids ids, size_t clients, Shape shape, const char* shape_name, unsigned width)
{
    auto add_one = [&](const char* operation, auto call) {
        add(operation + suffix(ids, clients, shape_name), ids, clients, shape, width, call);
    };
    add_one("memcpy", [](const Pair& pair, Memory& memory) {
        std::span<uint8_t> value = memory.make_value(pair.merged.size());
        std::memcpy(value.data(), pair.merged.data(), value.size());
        return value.data();
    });
    add_one("merge", [](const Pair& pair, Memory& memory) {
        return clock_merge(view(pair.a), view(pair.b), memory).data();
    });
    add_one("meet", [](const Pair& pair, Memory& memory) {
        return clock_meet(view(pair.a), view(pair.b), memory).data();
    });
    add_one("compare",
            [](const Pair& pair, Memory&) { return clock_compare(view(pair.a), view(pair.b)); });
    add_one("order",
            [](const Pair& pair, Memory&) { return clock_order(view(pair.a), view(pair.b)); });
}

void add_of_one(Ids ids, size_t clients)
{
    auto add_one = [&](const char* operation, const char* shape, auto call) {
        add(operation + suffix(ids, clients, shape), ids, clients, Shape::equal, at_rest, call);
    };
    add_one("tick", "known", [](const Pair& pair, Memory& memory) {
        return clock_tick(view(pair.a), pair.known, 1, memory).data();
    });
    add_one("tick", "new", [](const Pair& pair, Memory& memory) {
        return clock_tick(view(pair.a), pair.other, 1, memory).data();
    });
    add_one("text in", "", [](const Pair& pair, Memory& memory) {
        return clock_from_text(pair.text, memory).data();
    });
    add_one("text out", "", [](const Pair& pair, Memory& memory) {
        return clock_to_text(view(pair.a), memory).data();
    });
    add_one("wire in", "", [](const Pair& pair, Memory& memory) {
        return clock_from_wire(pair.wire, memory).data();
    });
    add_one("wire out", "", [](const Pair& pair, Memory& memory) {
        return clock_to_wire(view(pair.a), memory).data();
    });
}

void add_all()
{
    for (Ids ids : {Ids::uuids, Ids::texts})
        for (size_t clients : {1, 8, 64, 512}) {
            add_of_two(ids, clients, Shape::equal, "equal", at_rest);
            add_of_two(ids, clients, Shape::equal, "wide", wide);
            add_of_two(ids, clients, Shape::one_more, "one more", at_rest);
            add_of_two(ids, clients, Shape::disjoint, "disjoint", at_rest);
            if (clients > 1) {
                add_of_two(ids, clients, Shape::half, "half", at_rest);
                add_of_two(ids, clients, Shape::part, "part", at_rest);
            }
            add_of_one(ids, clients);
        }
}

} // namespace
} // namespace synckit::bench

int main(int argc, char** argv)
{
    synckit::bench::add_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    benchmark::RunSpecifiedBenchmarks();
}
