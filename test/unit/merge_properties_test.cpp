#include "merge_model.hpp"

/* What the merge promises, for random deltas: each property stated without looking at the rules. */
namespace synckit::test {
namespace {

constexpr Ticks skew = MergeLimits().max_clock_skew;

struct Logged {
    Edit edit;
    Outcome outcome;
    Ticks now;
};

/* A document and how it came about. */
struct History {
    Row row = new_row();
    Ticks now = start_of_time;
    std::vector<Logged> log;

    ClockModel clock() const { return model_of(row.clock); }

    /* Applies the edit if it is accepted. */
    const Logged* write(const Edit& edit)
    {
        Row before = row;
        Outcome outcome;
        if (!sqlstate_of([&] { outcome = apply(row, edit, now); }).empty()) {
            EXPECT_TRUE(row == before);
            return nullptr;
        }
        return &log.emplace_back(Logged{edit, outcome, now});
    }
    void write_random(Rng& rng)
    {
        now += random_step(rng);
        Edit edit = random_edit(rng, clock(), row.lamport, now);
        if (rng.chance(10))
            edit.stamp = now + rng.between(-3000, 3000);
        write(edit);
    }
    void write_random(Rng& rng, int times)
    {
        while (times-- > 0)
            write_random(rng);
    }
};

TEST(History, LamportRisesAndLiesAboveEveryStamp)
{
    for_each_seed(200, [](Rng& rng) {
        History history;
        history.write_random(rng, 30);
        Ticks lamport = 0, stamp = 0;
        int64_t version = 0;
        for (const Logged& logged : history.log) {
            EXPECT_GT(logged.outcome.lamport, lamport) << describe(logged.edit);
            lamport = logged.outcome.lamport;
            stamp = std::max(stamp, logged.outcome.stamp);
            EXPECT_GT(lamport, stamp) << describe(logged.edit);
            EXPECT_EQ(logged.outcome.version, ++version);
        }
        EXPECT_EQ(history.row.lamport, lamport);
    });
}

TEST(History, AClientsNumbersRiseWithTheVersions)
{
    for_each_seed(200, [](Rng& rng) {
        History history;
        history.write_random(rng, 30);
        ClockModel last;
        for (const Logged& logged : history.log) {
            EXPECT_GT(logged.outcome.number, last[logged.edit.client]) << describe(logged.edit);
            last[logged.edit.client] = logged.outcome.number;
        }
        EXPECT_EQ(history.clock(), last); // and nobody raises an entry but their own
    });
}

/* The log holds all that there is: joined in any order it gives the document. */
TEST(History, ReplaysFromItsLogInAnyOrder)
{
    for_each_seed(200, [](Rng& rng) {
        History history;
        history.write_random(rng, 25);
        std::vector<Edit> replay;
        for (const Logged& logged : history.log) {
            replay.push_back(logged.edit);
            replay.back().stamp = logged.outcome.stamp;
            replay.back().number = logged.outcome.number;
        }
        for (int i = 0; i < 3; ++i) {
            Row row = joined(new_row(), replay);
            EXPECT_EQ(row.exists, history.row.exists) << describe(replay);
            EXPECT_EQ(row.state, history.row.state) << describe(replay);
            EXPECT_EQ(row.registers, history.row.registers) << describe(replay);
            EXPECT_EQ(row.clock, history.row.clock) << describe(replay);
            EXPECT_LE(row.lamport, history.row.lamport);
            rng.shuffle(replay);
        }
    });
}

/* A write to the field that says it has seen what stands there. */
Edit random_successor(Rng& rng, const std::string& field)
{
    std::string client = rng.pick(writers());
    switch (rng.below(4)) {
    case 0:
        return erase(client, field);
    case 1:
        return erase_document(client);
    case 2:
        return merge(client, {{field, "\"mine\""}, {"other", "1"}});
    default:
        return set(client, field, "\"mine\"");
    }
}

/* One of the three ways to have seen a write, with any wall clock. */
void see(Rng& rng, const History& history, const RegisterModel& other, Edit& edit)
{
    edit.timestamp = random_timestamp(rng, history.now);
    switch (rng.below(3)) {
    case 0:
        edit.clock = rng.chance(50) ? history.clock() : ClockModel{{other.client, other.number}};
        break;
    case 1:
        for (const Logged& logged : history.log)
            if (logged.edit.client == other.client && logged.outcome.number == other.number)
                edit.seen = rng.between(logged.outcome.lamport, history.row.lamport);
        break;
    default:
        edit.client = other.client;
        edit.number = history.clock().at(other.client) + rng.between(1, 3);
    }
}

/* Some register of the history's document, and its field. */
std::optional<std::pair<std::string, RegisterModel>> random_register(Rng& rng,
                                                                     const History& history)
{
    auto fields = registers_of(history.row).fields;
    if (fields.empty())
        return std::nullopt;
    return rng.pick(fields);
}

TEST(Causality, AWriteThatHasSeenAnotherBeatsIt)
{
    int checked = 0;
    for_each_seed(1500, [&](Rng& rng) {
        History history;
        history.write_random(rng, 1 + static_cast<int>(rng.below(12)));
        auto target = random_register(rng, history);
        if (!target)
            return;
        const auto& [field, other] = *target;
        Edit edit = random_successor(rng, field);
        see(rng, history, other, edit);
        history.now += rng.between(-2'000'000'000, 1000); // the server's clock may be wrong, too
        SCOPED_TRACE(describe(edit) + " after " + describe(other));
        const Logged* logged = history.write(edit);
        ASSERT_NE(logged, nullptr);
        EXPECT_GT(logged->outcome.stamp, other.stamp);
        auto fields = registers_of(history.row).fields;
        if (edit.operation == Operation::erase && edit.field.empty()) {
            EXPECT_FALSE(fields.contains(field));
        } else {
            EXPECT_EQ(fields.at(field).client, edit.client);
            EXPECT_EQ(fields.at(field).number, logged->outcome.number);
            EXPECT_EQ(fields.at(field).text.has_value(), edit.operation != Operation::erase);
        }
        EXPECT_TRUE(logged->outcome.applied || !other.text);
        ++checked;
    });
    EXPECT_GT(checked, 1000);
}

/* The same for a deletion that was seen, and for a deletion that has seen all there is. */
TEST(Causality, ACreationThatHasSeenTheDeletionBeatsIt)
{
    for_each_seed(600, [](Rng& rng) {
        History history;
        history.write_random(rng, static_cast<int>(rng.below(8)));
        history.write(set("a", "x", "1"));
        const Logged* deletion = history.write(erase_document("b"));
        ASSERT_NE(deletion, nullptr);
        ASSERT_FALSE(history.row.exists);
        RegisterModel dead = *registers_of(history.row).dead;
        Edit edit = rng.chance(30) ? merge("c", {}) : set("c", "y", "1");
        see(rng, history, dead, edit);
        history.now -= rng.between(0, 2'000'000'000);
        const Logged* logged = history.write(edit);
        ASSERT_NE(logged, nullptr);
        EXPECT_TRUE(logged->outcome.applied) << describe(edit) << " after " << describe(dead);
        EXPECT_TRUE(history.row.exists);

        Edit again = at(random_timestamp(rng, history.now), erase_document("b"));
        if (rng.chance(50))
            again.clock = history.clock();
        else
            again.seen = history.row.lamport;
        EXPECT_TRUE(history.write(again)->outcome.applied) << describe(again);
        EXPECT_FALSE(history.row.exists);
    });
}

TEST(Causality, APlainWriteAlwaysTakesEffect)
{
    for_each_seed(600, [](Rng& rng) {
        History history;
        history.write_random(rng, static_cast<int>(rng.below(12)));
        for (int i = 0; i < 5; ++i) {
            history.now += rng.between(-2'000'000'000, 1'000'000'000);
            Edit edit = random_operation(rng);
            const Logged* logged = history.write(edit);
            ASSERT_NE(logged, nullptr);
            SCOPED_TRACE(describe(edit));
            EXPECT_EQ(logged->outcome.changed, std::nullopt);
            const Row& row = history.row;
            for (const auto& [name, text] : edit.members)
                EXPECT_EQ(row.state.at(name), text);
            if (edit.operation != Operation::erase)
                EXPECT_TRUE(row.exists);
            else if (edit.field.empty())
                EXPECT_FALSE(row.exists);
            else
                EXPECT_FALSE(row.state.contains(edit.field));
        }
    });
}

/* A clean-up may have dropped tombstones: what it remembers of them stands in no plain write's way.
 */
TEST(Causality, APlainWriteTakesEffectAboveTheHorizon)
{
    for_each_seed(200, [](Rng& rng) {
        History history;
        history.write_random(rng, 10);
        HeapMemory memory;
        Registers registers = decode_registers(history.row.registers, memory);
        registers.tombstones.clear();
        registers.horizon = history.row.lamport - 1;
        history.row.registers = copy(encode_registers(registers, memory));
        history.now -= rng.between(0, 2'000'000'000);
        EXPECT_TRUE(history.write(set("c", "new", "1"))->outcome.applied);
        EXPECT_EQ(history.row.state.at("new"), "1");
    });
}

/* However they lie, they move time no further than somebody whose clock is as wrong as is allowed:
 * compared with as many honest writes at the same times. */
TEST(Forgery, DrivesLamportAheadByTheSkewAtMost)
{
    for_each_seed(200, [](Rng& rng) {
        History forged, honest;
        bool with_stamps = rng.chance(30);
        for (int i = 0; i < 60; ++i) {
            Ticks pause = rng.chance(50) ? 0 : random_step(rng);
            forged.now += pause;
            honest.now += pause;
            Edit edit = random_edit(rng, forged.clock(), forged.row.lamport, forged.now);
            if (rng.chance(60))
                edit.seen = rng.chance(50) ? max_counter : forged.row.lamport + rng.between(0, 100);
            if (rng.chance(60)) {
                edit.clock = forged.clock();
                for (auto& [client, counter] : *edit.clock)
                    counter = max_counter;
            }
            if (rng.chance(60))
                edit.timestamp = max_counter;
            if (with_stamps && rng.chance(50))
                edit.stamp = std::max(forged.now + skew, forged.row.lamport);
            if (!forged.write(edit))
                continue;
            ASSERT_TRUE(honest.write(at(microseconds(honest.now), set("h", "x", "1"))));
            EXPECT_LE(forged.row.lamport, honest.row.lamport + skew) << describe(edit);
        }
    });
}

/* Two servers whose deltas reach each other as stamped ones, late and in any order, agree. */
TEST(Replicas, ConvergeOnStampedDeltas)
{
    for_each_seed(200, [](Rng& rng) {
        History sides[2];
        sides[1].now += rng.between(-3'000'000, 3'000'000);
        for (int i = 0; i < 20; ++i)
            sides[rng.below(2)].write_random(rng);
        std::vector<Edit> all;
        for (const History& side : sides)
            for (const Logged& logged : side.log) {
                all.push_back(logged.edit);
                all.back().stamp = logged.outcome.stamp;
                all.back().number = logged.outcome.number;
            }
        Row rows[2];
        for (int i = 0; i < 2; ++i) {
            rng.shuffle(all);
            rows[i] = joined(sides[i].row, all);
        }
        EXPECT_EQ(rows[0].state, rows[1].state);
        EXPECT_EQ(rows[0].exists, rows[1].exists);
        EXPECT_EQ(rows[0].registers, rows[1].registers);
        EXPECT_EQ(rows[0].clock, rows[1].clock);
    });
}

} // namespace
} // namespace synckit::test
