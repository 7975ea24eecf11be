#pragma once

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "clock/clock.hpp"

/* Clocks as plain maps, and what their operations then are: for whatever tests them, with any
 * framework or none. */
namespace synckit::test {

/* Bytes on the heap with nothing after them, so that the sanitizer sees a read past the end. */
using Buffer = std::vector<uint8_t>;

inline Buffer copy(Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
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
        if (!model.emplace(at.entry().client.text(text), at.entry().counter).second)
            throw std::logic_error("a client stands in a clock twice");
    }
    return model;
}

inline ClockModel model_of(Bytes clock)
{
    return model_of(ClockView(clock));
}

inline ClockModel merged(const ClockModel& a, const ClockModel& b)
{
    ClockModel out = a;
    for (const auto& [client, counter] : b)
        out[client] = std::max(out[client], counter);
    return out;
}

inline ClockModel met(const ClockModel& a, const ClockModel& b)
{
    ClockModel out;
    for (const auto& [client, counter] : a)
        if (b.contains(client))
            out[client] = std::min(counter, b.at(client));
    return out;
}

inline Counter counter_of(const ClockModel& model, const std::string& client)
{
    auto at = model.find(client);
    return at == model.end() ? 0 : at->second;
}

inline bool has_seen(const ClockModel& a, const ClockModel& b)
{
    return std::ranges::all_of(
        b, [&](const auto& entry) { return counter_of(a, entry.first) >= entry.second; });
}

inline Causality compared(const ClockModel& a, const ClockModel& b)
{
    bool ab = has_seen(a, b), ba = has_seen(b, a);
    return ab && ba ? Causality::equal
           : ab     ? Causality::after
           : ba     ? Causality::before
                    : Causality::concurrent;
}

inline int ordered(const ClockModel& a, const ClockModel& b)
{
    ClockModel all = a;
    all.insert(b.begin(), b.end());
    for (const auto& [client, counter] : all) { // in the order of the ids' bytes
        Counter x = counter_of(a, client), y = counter_of(b, client);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
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

} // namespace synckit::test
