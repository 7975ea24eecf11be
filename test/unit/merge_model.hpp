#pragma once

#include <algorithm>
#include <set>

#include "document_support.hpp"

/*
 * The merge once more, the slow and obvious way: every register in one map, every rule a loop over
 * it. What the real one is held against; and random deltas, honest and forged, to feed to both.
 */
namespace synckit::test {

/* Rule 5's order of registers; the number only settles which of two equal writes is remembered. */
inline int compare(const RegisterModel& a, const RegisterModel& b)
{
    auto key = [](const RegisterModel& r) {
        return std::tuple(r.stamp, std::string_view(r.client),
                          r.text ? std::string_view(*r.text) : std::string_view());
    };
    return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}

class DocumentModel {
  public:
    int64_t version = 0;
    Ticks lamport = 0;
    ClockModel clock;
    RegistersModel registers;
    bool alive_without_register = false;

    bool exists() const
    {
        std::optional<RegisterModel> alive = registers.alive;
        if (!alive && alive_without_register)
            alive = RegisterModel{1, "", 0, "null"};
        return alive && (!registers.dead || compare(*alive, *registers.dead) > 0);
    }

    /* Throws only a SQLSTATE. */
    Outcome apply(const Edit& edit, Ticks now, const MergeLimits& limits)
    {
        Outcome out;
        Counter entry = clock.contains(edit.client) ? clock.at(edit.client) : 0;
        out.number = entry + 1;
        if (edit.number) {
            if (*edit.number < 1 ||
                *edit.number > std::max({entry, lamport, now}) + limits.max_clock_step)
                throw "22003";
            out.number = std::max(out.number, *edit.number);
        }
        if (edit.clock) {
            out.clock.emplace();
            for (const auto& [client, counter] : *edit.clock)
                if (clock.contains(client))
                    (*out.clock)[client] = std::min(counter, clock.at(client));
        }
        if (edit.seen && *edit.seen < 0)
            throw "22003";
        if (edit.seen)
            out.seen = std::min(*edit.seen, std::max(lamport, now + limits.max_clock_skew));
        else if (!edit.timestamp && !edit.clock && !edit.stamp)
            out.seen = lamport;

        if (edit.stamp) {
            if (*edit.stamp < 1)
                throw "22003";
            if (*edit.stamp > now + limits.max_clock_skew && *edit.stamp > lamport)
                throw "22008";
            out.stamp = *edit.stamp;
        } else {
            out.stamp = decide_stamp(edit, now, out);
        }
        merge(edit, out);
        clock[edit.client] = std::max(entry, out.number);
        out.version = ++version;
        out.lamport = lamport = std::max({now, out.stamp + 1, lamport + 64});
        return out;
    }

  private:
    Ticks decide_stamp(const Edit& edit, Ticks now, const Outcome& out) const
    {
        Ticks written = now;
        if (edit.timestamp) {
            auto ticks = static_cast<__int128>(std::max<int64_t>(*edit.timestamp, 0)) * 1024 / 1000;
            written = static_cast<Ticks>(std::min<__int128>(ticks, now));
        }
        Ticks stamp = std::max({Ticks{1}, written, out.seen.value_or(0)});

        std::vector<RegisterModel> touched;
        bool all = edit.operation == Operation::erase && edit.field.empty();
        if (registers.dead)
            touched.push_back(*registers.dead);
        if (all && registers.alive)
            touched.push_back(*registers.alive);
        for (const auto& [name, field] : registers.fields)
            if (all || name == edit.field || names(edit).contains(name))
                touched.push_back(field);
        std::ranges::sort(touched, {}, &RegisterModel::stamp);
        for (const RegisterModel& other : touched) {
            bool covered =
                out.clock && (other.number == 0 || (out.clock->contains(other.client) &&
                                                    out.clock->at(other.client) >= other.number));
            bool own = edit.number == out.number && edit.client == other.client;
            if (covered || own || other.stamp / 1024 == stamp / 1024)
                stamp = std::max(stamp, other.stamp + 1);
        }
        return stamp;
    }

    static std::set<std::string> names(const Edit& edit)
    {
        std::set<std::string> names;
        for (const auto& [name, text] : edit.members)
            names.insert(name);
        return names;
    }

    static bool raise(std::optional<RegisterModel>& old, const RegisterModel& other)
    {
        int order = old ? compare(other, *old) : 1;
        if (order == 0)
            order = other.number > old->number;
        if (order > 0)
            old = other;
        return order > 0;
    }

    void merge(const Edit& edit, Outcome& out)
    {
        bool existed = exists(), complete;
        std::set<std::string> changed;
        auto write = [&](std::optional<std::string> text) {
            return RegisterModel{out.stamp, edit.client, out.number, std::move(text)};
        };
        auto below_dead = [&](const RegisterModel& r) {
            return registers.dead && compare({r.stamp, r.client, 0, {}}, *registers.dead) < 0;
        };
        auto take = [&](const std::string& name, const RegisterModel& r) {
            auto known = registers.fields.find(name);
            std::optional<RegisterModel> field;
            if (known != registers.fields.end())
                field = known->second;
            if (below_dead(r) || (!field && r.stamp <= registers.horizon) || !raise(field, r))
                return;
            registers.fields[name] = *field;
            changed.insert(name);
        };
        if (edit.operation == Operation::erase && edit.field.empty()) {
            if (raise(registers.dead, write(std::nullopt)))
                std::erase_if(registers.fields, [&](const auto& field) {
                    if (below_dead(field.second) && field.second.text)
                        changed.insert(field.first);
                    return below_dead(field.second);
                });
            complete = !exists();
        } else if (edit.operation == Operation::erase) {
            take(edit.field, write(std::nullopt));
            complete = !changed.empty();
        } else {
            for (const auto& [name, text] : edit.members)
                take(name, write(text));
            raise(registers.alive, write("null"));
            complete = changed == names(edit);
        }
        out.applied = !changed.empty() || exists() != existed;
        if (!complete)
            out.changed.emplace(changed.begin(), changed.end());
    }
};

inline std::string describe(const DocumentModel& model)
{
    return describe(model.version, model.lamport, model.clock, model.exists(), model.registers);
}

inline const std::vector<std::string>& writers()
{
    static const std::vector<std::string> clients = {"a", "b", "ä",
                                                     "0190163d-8694-739b-aea5-966c26f8ad91"};
    return clients;
}

inline const std::vector<std::string>& field_names()
{
    static const std::vector<std::string> names = {"b", "a", "aa", "B", "ä", "zz.y"};
    return names;
}

inline Edit random_operation(Rng& rng)
{
    static const std::vector<std::string> texts = {"null", "1",  "1.10",  "\"x\"",
                                                   "\"\"", "{}", "[1, 2]"};
    std::string client = rng.pick(writers());
    uint64_t kind = rng.below(100);
    if (kind < 10)
        return erase_document(client);
    if (kind < 25)
        return erase(client, rng.pick(field_names()));
    if (kind < 30)
        return merge(client, {});
    if (kind < 75)
        return set(client, rng.pick(field_names()), rng.pick(texts));
    std::vector<std::pair<std::string, std::string>> members;
    for (const std::string& name : field_names())
        if (rng.chance(40))
            members.emplace_back(name, rng.pick(texts));
    rng.shuffle(members);
    return merge(client, members);
}

/* Unix time in microseconds, rounded up so that it is not before these ticks. */
inline int64_t microseconds(Ticks ticks)
{
    return (ticks * 1000 + 1023) / 1024;
}

inline int64_t random_timestamp(Rng& rng, Ticks now)
{
    const int64_t skews[] = {0, 0, -100, 100, -1000, 1000, -3'600'000'000, 3'600'000'000};
    const int64_t extremes[] = {0, -1, 1, std::numeric_limits<int64_t>::min(), max_counter};
    return rng.chance(90) ? microseconds(now) + rng.pick(skews) + rng.between(-3, 3)
                          : rng.pick(extremes);
}

/* Anything that a writer may bring, true or forged; not a stamp. */
inline Edit random_edit(Rng& rng, const ClockModel& clock, Ticks lamport, Ticks now)
{
    Edit edit = random_operation(rng);
    Counter entry = clock.contains(edit.client) ? clock.at(edit.client) : 0;
    if (rng.chance(50)) {
        const Counter numbers[] = {entry + 1,
                                   entry + 1,
                                   entry + 5,
                                   entry,
                                   1,
                                   0,
                                   lamport,
                                   std::max({entry, lamport, now}) + 1'000'000,
                                   std::max({entry, lamport, now}) + 1'000'001,
                                   max_counter};
        edit.number = rng.pick(numbers);
    }
    if (rng.chance(60))
        edit.timestamp = random_timestamp(rng, now);
    if (rng.chance(40)) {
        edit.clock = rng.chance(40) ? clock : random_relative(rng, clock);
        if (rng.chance(20))
            (*edit.clock)[rng.pick(writers())] = max_counter;
    }
    if (rng.chance(30)) {
        const Ticks seen[] = {lamport,    lamport - 1, lamport - 64, lamport + 1,
                              0,          -1,          now,          now + 5000 * ticks_per_ms + 1,
                              max_counter};
        edit.seen = rng.pick(seen);
    }
    return edit;
}

/* The database's clock between two deltas: mostly forwards, sometimes not at all or back. */
inline Ticks random_step(Rng& rng)
{
    const Ticks steps[] = {0, 0, 1, 30, 1024, 1024 * 1000, -5, -1024, -1024 * 2000};
    return rng.pick(steps);
}

inline constexpr Ticks start_of_time = 1'700'000'000'000 * ticks_per_ms;

} // namespace synckit::test
