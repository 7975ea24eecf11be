/*
 * Merge, meet and the two orders of clocks.
 *
 * Clocks of the same clients are the common case: their client blocks are equal bytes, and only the
 * columns of counters are worked on. Otherwise both clocks are walked once, side by side; of texts,
 * and for the meet, what was found is kept as runs (so many clients of one clock, of the other, of
 * both), and the result is copied together run by run, nothing being compared a second time.
 * uuid_merge.cpp has how UUIDs are merged.
 */
#include <algorithm>
#include <optional>
#include <vector>

#include "clock/clock.hpp"
#include "clock/uuid_merge.hpp"
#include "clock/writer.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

bool same_clients(const ClockView& a, const ClockView& b)
{
    return a.client_block().size() == b.client_block().size() &&
           std::memcmp(a.client_block().data(), b.client_block().data(), a.client_block().size()) ==
               0;
}

/* Calls visit(order, a's cursor, b's cursor) for every client of either section; order is below 0
 * for a client of a alone, above 0 for one of b alone. Ends early when visit returns false. */
template <class Cursor, class Visit>
bool walk(Cursor a, Cursor b, Visit visit)
{
    while (!a.done() || !b.done()) {
        int order = a.done() ? 1 : b.done() ? -1 : a.compare(b);
        if (!visit(order, a, b))
            return false;
        if (order <= 0)
            a.next();
        if (order >= 0)
            b.next();
    }
    return true;
}

template <class Visit>
void walk_all(const ClockView& a, const ClockView& b, Visit visit)
{
    walk(UuidCursor(a), UuidCursor(b), visit) && walk(TextCursor(a), TextCursor(b), visit);
}

/* Clients in a row that stand in the one clock, in the other, or in both. */
struct Run {
    uint32_t count;
    bool in_a, in_b;
};

/* One section of two clocks, compared. */
struct Overlap {
    explicit Overlap(Memory& memory) : runs(&memory) {}

    std::pmr::vector<Run> runs;
    size_t common = 0;           // clients in both
    size_t common_text_size = 0; // of their ids
};

/* Clocks mostly differ by a client or two: what they have in common at the end is compared as such,
 * as is each run of common clients, and only the rest is ordered. */
Overlap overlap_of_uuids(const ClockView& a, const ClockView& b, Memory& memory)
{
    uint32_t a_end = a.uuids(), b_end = b.uuids(), last = 0;
    for (; a_end > 0 && b_end > 0 && same_uuid(a.uuid(a_end - 1), b.uuid(b_end - 1)); ++last)
        --a_end, --b_end;

    Overlap overlap(memory);
    overlap.runs.reserve(size_t{3} * std::min(a_end, b_end) + 3);
    uint32_t i = 0, j = 0;
    auto add = [&](uint32_t count, bool in_a, bool in_b) {
        if (count > 0)
            overlap.runs.push_back({count, in_a, in_b});
    };
    while (i < a_end && j < b_end) {
        uint32_t before = i;
        for (; i < a_end && j < b_end && same_uuid(a.uuid(i), b.uuid(j)); ++i, ++j)
            ++overlap.common;
        add(i - before, true, true);
        before = i;
        while (i < a_end && j < b_end && compare_uuids(a.uuid(i), b.uuid(j)) < 0)
            ++i;
        add(i - before, true, false);
        before = j;
        while (i < a_end && j < b_end && compare_uuids(a.uuid(i), b.uuid(j)) > 0)
            ++j;
        add(j - before, false, true);
    }
    add(a_end - i, true, false);
    add(b_end - j, false, true);
    add(last, true, true);
    overlap.common += last;
    memory.poll();
    return overlap;
}

Overlap overlap_of_texts(const ClockView& a, const ClockView& b, Memory& memory)
{
    Overlap overlap(memory);
    /* A run of a alone or b alone, then one of both. */
    overlap.runs.reserve(size_t{2} * std::min(a.texts(), b.texts()) + 1);
    walk(TextCursor(a), TextCursor(b), [&](int order, const TextCursor& mine, const TextCursor&) {
        bool in_a = order <= 0, in_b = order >= 0;
        if (overlap.runs.empty() || overlap.runs.back().in_a != in_a ||
            overlap.runs.back().in_b != in_b)
            overlap.runs.push_back({0, in_a, in_b});
        ++overlap.runs.back().count;
        if (order == 0) {
            ++overlap.common;
            overlap.common_text_size += mine.text().size();
        }
        return true;
    });
    memory.poll();
    return overlap;
}

struct Overlaps {
    Overlaps(const ClockView& a, const ClockView& b, Memory& memory)
        : uuids(overlap_of_uuids(a, b, memory)), texts(overlap_of_texts(a, b, memory))
    {
    }
    size_t common() const { return uuids.common + texts.common; }

    Overlap uuids, texts;
};

/* Calls visit(run, place in a, place in b) for each run of a section. */
template <class Visit>
void for_each_run(const Overlap& overlap, Visit visit)
{
    uint32_t i = 0, j = 0;
    for (const Run& run : overlap.runs) {
        visit(run, i, j);
        i += run.in_a ? run.count : 0;
        j += run.in_b ? run.count : 0;
    }
}

/* Walks over count ids, which it returns; they stand one behind the other. */
std::string_view skip(TextCursor& at, uint32_t count, const ClockView& clock)
{
    size_t from = at.offset();
    for (; count > 0; --count)
        at.next();
    return clock.text_bytes().substr(from, at.offset() - from);
}

/* Adds the ids of the runs that `wanted` chooses. */
template <class Wanted>
void add_texts(ClockWriter& writer, const ClockView& a, const ClockView& b, const Overlap& texts,
               Wanted wanted)
{
    TextCursor mine(a), theirs(b);
    for_each_run(texts, [&](const Run& run, uint32_t i, uint32_t j) {
        std::string_view of_a = run.in_a ? skip(mine, run.count, a) : std::string_view();
        std::string_view of_b = run.in_b ? skip(theirs, run.count, b) : std::string_view();
        if (wanted(run))
            writer.add_texts(run.in_a ? a.text_lengths() + i : b.text_lengths() + j, run.count,
                             run.in_a ? of_a : of_b);
    });
}

/* Calls visit(run, a's counters, b's counters) for each run of both sections. */
template <class Visit>
void for_each_counters(const ClockView& a, const ClockView& b, const Overlaps& overlaps,
                       Visit visit)
{
    for_each_run(overlaps.uuids, [&](const Run& run, uint32_t i, uint32_t j) {
        visit(run, a.counters().from(i), b.counters().from(j));
    });
    for_each_run(overlaps.texts, [&](const Run& run, uint32_t i, uint32_t j) {
        visit(run, a.counters().from(a.uuids() + i), b.counters().from(b.uuids() + j));
    });
}

} // namespace

const char* to_text(Causality causality)
{
    switch (causality) {
    case Causality::equal:
        return "equal";
    case Causality::before:
        return "before";
    case Causality::after:
        return "after";
    case Causality::concurrent:
        return "concurrent";
    }
    return "";
}

Causality clock_compare(const ClockView& a, const ClockView& b)
{
    Ahead ahead;
    if (same_clients(a, b)) {
        ahead = compare(a.counters(), b.counters(), a.size());
    } else {
        walk_all(a, b, [&](int order, const auto& mine, const auto& theirs) {
            Counter x = order <= 0 ? mine.counter() : 0, y = order >= 0 ? theirs.counter() : 0;
            ahead.a |= x > y;
            ahead.b |= y > x;
            return !(ahead.a && ahead.b);
        });
    }
    if (ahead.a)
        return ahead.b ? Causality::concurrent : Causality::after;
    return ahead.b ? Causality::before : Causality::equal;
}

Bytes clock_merge(const ClockView& a, const ClockView& b, Memory& memory)
{
    /* The greatest of all counters is in the merged clock, so its width is known beforehand. */
    unsigned width = std::max(a.width(), b.width());
    if (same_clients(a, b)) {
        ClockWriter writer(a, width, memory);
        writer.add_maxima(a.counters(), b.counters(), a.size());
        return writer.value();
    }
    if (b.size() == 0)
        return a.bytes();
    if (a.size() == 0)
        return b.bytes();

    MergedUuids uuids = merge_uuids(a, b, memory);
    Overlap texts = overlap_of_texts(a, b, memory);
    ClockWriter writer(uuids.count, size_t{a.texts()} + b.texts() - texts.common,
                       a.text_bytes().size() + b.text_bytes().size() - texts.common_text_size,
                       width, memory);
    writer.add_uuids(uuids.uuids, uuids.count);
    writer.add_counters(uuids.counters, uuids.count);
    add_texts(writer, a, b, texts, [](const Run&) { return true; });
    for_each_run(texts, [&](const Run& run, uint32_t i, uint32_t j) {
        Counters mine = a.counters().from(a.uuids() + i), theirs = b.counters().from(b.uuids() + j);
        if (run.in_a && run.in_b)
            writer.add_maxima(mine, theirs, run.count);
        else
            writer.add_counters(run.in_a ? mine : theirs, run.count);
    });
    return writer.value();
}

Bytes clock_meet(const ClockView& a, const ClockView& b, Memory& memory)
{
    Overlaps overlaps(a, b, memory);
    unsigned width = std::min(a.width(), b.width());
    /* The greatest of the minima is known only when they are. */
    std::pmr::vector<uint8_t> counters(overlaps.common() * width, &memory);
    uint8_t* end = counters.data();
    for_each_counters(a, b, overlaps, [&](const Run& run, Counters mine, Counters theirs) {
        if (run.in_a && run.in_b) {
            minima(mine, theirs, end, run.count);
            end += run.count * width;
        }
    });
    Counters found{counters.data(), width};
    Counter most = greatest(found, overlaps.common());
    ClockWriter writer(overlaps.uuids.common, overlaps.texts.common,
                       overlaps.texts.common_text_size, width_for(static_cast<uint64_t>(most)),
                       memory);
    auto is_common = [](const Run& run) { return run.in_a && run.in_b; };
    for_each_run(overlaps.uuids, [&](const Run& run, uint32_t i, uint32_t) {
        if (is_common(run))
            writer.add_uuids(a.uuid(i), run.count);
    });
    add_texts(writer, a, b, overlaps.texts, is_common);
    writer.add_counters(found, overlaps.common());
    return writer.value();
}

namespace {

/* The first client of a section whose counters differ. */
struct Difference {
    ClientId client;
    int order;
};

template <class Cursor>
std::optional<Difference> first_difference(const ClockView& a, const ClockView& b)
{
    std::optional<Difference> found;
    walk(Cursor(a), Cursor(b), [&](int order, const Cursor& mine, const Cursor& theirs) {
        Counter x = order <= 0 ? mine.counter() : 0, y = order >= 0 ? theirs.counter() : 0;
        if (x != y)
            found = {order <= 0 ? mine.client() : theirs.client(), x < y ? -1 : 1};
        return x == y;
    });
    return found;
}

} // namespace

int clock_order(const ClockView& a, const ClockView& b)
{
    if (std::ranges::equal(a.bytes(), b.bytes()))
        return 0;
    std::optional<Difference> uuid = first_difference<UuidCursor>(a, b);
    std::optional<Difference> text = first_difference<TextCursor>(a, b);
    if (!uuid || !text)
        return uuid ? uuid->order : text ? text->order : 0;
    return uuid->client < text->client ? uuid->order : text->order;
}

} // namespace synckit
