/*
 * How a delta gets its place in time: rules 2 to 6 of docs/merge.md. Rule 1, identity, is the
 * caller's, who has the log; the join itself, rule 5, is in document.cpp.
 */
#include "document/document.hpp"

#include <algorithm>

#include "base/error.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

/* Each delta raises lamport by so much at least: room for the stamps of a coordinator's clients
 * between two deltas. */
constexpr Ticks lamport_step = 64;

/* Above this a number, a stamp or lamport would leave the safe integers of JSON; only forged clocks
 * get near. */
void check_range(Ticks lamport)
{
    if (lamport > max_ticks)
        throw Error(sqlstate::datetime_field_overflow, "the document's lamport is exhausted",
                    "It would pass 9007199254740991 ticks, the year 2248.");
}

void check_version(int64_t version)
{
    if (version >= max_version)
        throw Error(sqlstate::numeric_value_out_of_range, "the document's version is exhausted",
                    "It would pass 9007199254740991.");
}

} // namespace

Verdict Document::apply(const Delta& delta, Ticks now, const MergeLimits& limits)
{
    Verdict verdict(&memory_);
    verdict.number = decide_number(delta, now, limits);
    clip_what_was_seen(delta, now, limits, verdict);
    if (delta.stamp)
        check_stamp(*delta.stamp, now, limits);
    verdict.stamp = delta.stamp ? *delta.stamp : decide_stamp(delta, now, verdict);
    check_version(version_);
    check_range(lamport_); // before anything is added to it
    Ticks lamport = std::max({now, verdict.stamp + 1, lamport_ + lamport_step});
    check_range(lamport);

    /* Nothing was changed up to here; from here on nothing is refused. */
    merge(delta, verdict);
    raise_entry(delta.client, verdict.number);
    verdict.version = ++version_;
    verdict.lamport = lamport_ = lamport;
    return verdict;
}

/* Rule 2: the writer's own number if it is news, else the next one, so that a client's numbers rise
 * with the versions. */
Counter Document::decide_number(const Delta& delta, Ticks now, const MergeLimits& limits) const
{
    Counter last = entry(delta.client);
    /* From a damaged page. A number made of it would make the registers unreadable, too. */
    if (last < 0)
        throw Error(sqlstate::data_corrupted, "invalid vclock value",
                    "A counter in it is out of range.");
    if (delta.clock_value) {
        Counter limit;
        if (__builtin_add_overflow(std::max({last, lamport_, now}), limits.max_clock_step, &limit))
            limit = max_counter;
        if (*delta.clock_value < 1 || *delta.clock_value > limit)
            throw Error(sqlstate::numeric_value_out_of_range, "clock value out of range",
                        "It is " + std::to_string(*delta.clock_value) +
                            "; for this client and document it may be 1 to " +
                            std::to_string(limit) + ".",
                        "A client's counter may run ahead by synckit.max_clock_step at most.");
        if (*delta.clock_value > last)
            return *delta.clock_value;
    }
    if (last == max_counter)
        throw Error(sqlstate::numeric_value_out_of_range, "clock value out of range",
                    "The client's counter has reached 9223372036854775807.",
                    "Write on under another client id.");
    return last + 1;
}

/* Rule 3: nobody claims to have seen the future, and a write that says nothing has seen the
 * document as it stands. */
void Document::clip_what_was_seen(const Delta& delta, Ticks now, const MergeLimits& limits,
                                  Verdict& verdict)
{
    if (delta.clock)
        verdict.clock = clip(*delta.clock);
    if (delta.seen) {
        if (*delta.seen < 0)
            throw Error(sqlstate::numeric_value_out_of_range, "\"seen\" out of range",
                        "It is " + std::to_string(*delta.seen) + "; it is a lamport, 0 or above.",
                        "Give the greatest lamport that the writer was shown, or leave it out.");
        verdict.seen = std::min(*delta.seen, std::max(lamport_, now + limits.max_clock_skew));
    } else if (!delta.timestamp && !delta.clock && !delta.stamp) {
        verdict.seen = lamport_;
    }
}

/* The meet with the document's clock, by look-ups: a small clock must not cost what the document's
 * own costs. */
Bytes Document::clip(const ClockView& clock) const
{
    std::pmr::vector<ClockEntry> entries(&memory_);
    entries.reserve(clock.size());
    for (ClockCursor at(clock); !at.done(); at.next()) {
        ClockEntry given = at.entry();
        char buffer[uuid_text_size];
        entries.push_back(
            {given.client, std::min(given.counter, entry(given.client.text(buffer)))});
    }
    return make_clock(entries, memory_);
}

/* Rule 4: a write that has seen another always beats it, however wrong the clocks are. */
Ticks Document::decide_stamp(const Delta& delta, Ticks now, const Verdict& verdict)
{
    Ticks written = delta.timestamp ? std::min(ticks_from_unix_us(*delta.timestamp), now) : now;
    Ticks stamp = std::max({Ticks{1}, written, verdict.seen.value_or(0)});

    struct Touched {
        Ticks stamp;
        bool seen;
    };
    std::pmr::vector<Touched> touched(&memory_);
    ClockIndex clock(verdict.clock ? ClockView(*verdict.clock) : ClockView(), memory_);
    bool number_accepted = delta.clock_value == verdict.number;
    auto touch = [&](uint32_t write) {
        std::string_view client = client_of(write);
        bool covered = verdict.clock && (client.empty() || clock.get(ClientId::from_text(client)) >=
                                                               number_of(write));
        touched.push_back(
            {stamp_of(write), covered || (number_accepted && client == delta.client)});
    };
    if (registers_.dead != no_write)
        touch(registers_.dead);
    if (delta.deletes_document()) {
        if (registers_.alive != no_write || implicitly_alive_)
            touch(registers_.alive);
        visit_registers([&](const Field& field) { touch(field.write); });
    } else if (delta.operation == Operation::erase) {
        if (const Field* field = find(delta.field))
            touch(field->write);
    } else {
        for (const Member& member : delta.members)
            if (const Field* field = find(member.name))
                touch(field->write);
    }
    std::ranges::sort(touched, {}, &Touched::stamp);
    for (const Touched& other : touched)
        if (other.stamp >= stamp &&
            (other.seen || milliseconds(other.stamp) == milliseconds(stamp)))
            stamp = other.stamp + 1;
    return stamp;
}

/* A stamp that another synckit gave is taken as it is, within the bounds of what a clock can be
 * wrong by. */
void Document::check_stamp(Ticks stamp, Ticks now, const MergeLimits& limits) const
{
    if (stamp < 1)
        throw Error(sqlstate::numeric_value_out_of_range, "stamp out of range",
                    "It is " + std::to_string(stamp) + "; a stamp is 1 or above.",
                    "A stamp is the column of that name in synckit.deltas, in ticks of 1/1024 ms.");
    if (stamp > now + limits.max_clock_skew && stamp > lamport_)
        throw Error(sqlstate::datetime_field_overflow, "stamp is in the future",
                    "It is " + std::to_string(milliseconds(stamp) - milliseconds(now)) +
                        " ms ahead of this server's clock.",
                    "A stamp may run ahead by synckit.max_clock_skew at most.");
}

} // namespace synckit
