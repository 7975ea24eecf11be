#include "merge_model.hpp"

/* Random histories, through the real merge and through the model, a delta after the other. */
namespace synckit::test {
namespace {

/* Stamps that meet those of registers there are: ties, and writes just above and below. */
void stamp_sometimes(Rng& rng, const RegistersModel& registers, Ticks now, Edit& edit)
{
    if (!rng.chance(15))
        return;
    const Ticks stamps[] = {
        now, now - 1024, 1, 0, now + 5000 * ticks_per_ms, now + 5000 * ticks_per_ms + 1};
    edit.stamp = registers.horizon > 0 && rng.chance(50) ? registers.horizon + rng.between(-1, 1)
                                                         : rng.pick(stamps);
    std::vector<RegisterModel> others;
    for (const auto& [name, field] : registers.fields)
        others.push_back(field);
    for (const auto& other : {registers.alive, registers.dead})
        if (other)
            others.push_back(*other);
    if (others.empty() || rng.chance(30))
        return;
    const RegisterModel& other = rng.pick(others);
    edit.stamp = other.stamp + rng.between(-1, 1);
    if (rng.chance(70) && !other.client.empty())
        edit.client = other.client;
}

/* One delta, to a document loaded from its row, to one that stays open, and to the model. */
void step(Rng& rng, Row& row, OpenDocument& open, DocumentModel& model, Ticks now)
{
    Edit edit = random_edit(rng, model.clock, model.lamport, now);
    stamp_sometimes(rng, model.registers, now, edit);
    SCOPED_TRACE(describe(edit) + " now " + std::to_string(now) + " on\n" + describe(model));
    Outcome expected;
    std::string refused;
    DocumentModel before = model;
    try {
        expected = model.apply(edit, now, {});
    } catch (const char* sqlstate) {
        refused = sqlstate;
        model = before;
    }
    Row old = row;
    Outcome reloaded, kept;
    EXPECT_EQ(sqlstate_of([&] { reloaded = apply(row, edit, now); }), refused);
    EXPECT_EQ(sqlstate_of([&] { kept = open.apply(edit, now); }), refused);
    EXPECT_EQ(describe(row), describe(model));
    if (!refused.empty()) {
        OpenDocument untouched(old);
        EXPECT_EQ(sqlstate_of([&] { untouched.apply(edit, now); }), refused);
        EXPECT_FALSE(untouched.document().state_changed());
        EXPECT_TRUE(untouched.row() == old);
        return;
    }
    EXPECT_EQ(describe(reloaded), describe(expected));
    EXPECT_EQ(describe(kept), describe(expected));
}

/* A refused delta changes nothing, and a document reloaded between any two deltas is the same as
 * one that stays in memory. */
TEST(DocumentModel, IsWhatTheDocumentDoes)
{
    for_each_seed(250, [](Rng& rng) {
        Row row = new_row();
        OpenDocument open;
        DocumentModel model;
        Ticks now = rng.chance(5) ? 0 : start_of_time;
        for (int i = 0; i < 40 && !::testing::Test::HasFailure(); ++i) {
            now = std::max<Ticks>(now + random_step(rng), 0);
            step(rng, row, open, model, now);
            EXPECT_TRUE(!rng.chance(10) || open.row() == row);
        }
        EXPECT_TRUE(open.row() == row);
    });
}

/* Only stamped deltas can tie, so only for them the texts of values are needed. */
TEST(DocumentModel, NeedsNoTextsWithoutStamps)
{
    for_each_seed(100, [](Rng& rng) {
        Row row = new_row();
        auto blind = std::make_unique<OpenDocument>(Row(), Texts::hidden);
        Ticks now = start_of_time;
        for (int i = 0; i < 30; ++i) {
            now += random_step(rng);
            Edit edit = random_edit(rng, model_of(row.clock), row.lamport, now);
            Outcome expected, got;
            bool refused = !sqlstate_of([&] { expected = apply(row, edit, now); }).empty();
            EXPECT_EQ(!sqlstate_of([&] { got = blind->apply(edit, now); }).empty(), refused);
            EXPECT_TRUE(got == expected) << describe(edit);
            if (rng.chance(20))
                blind = std::make_unique<OpenDocument>(blind->row(), Texts::hidden);
        }
        EXPECT_TRUE(blind->row() == row);
    });
}

/* The state without its registers: as if somebody had written it behind the extension's back. */
void change_state(Rng& rng, Row& row, DocumentModel& model)
{
    std::map<std::string, std::string, KeyOrder> state;
    for (const auto& [name, text] : row.state)
        if (rng.chance(75)) // else the field is removed, or comes back under another name
            state.emplace(name, rng.chance(50) ? text : "\"changed\"");
    for (const std::string& name : field_names())
        if (rng.chance(15))
            state.emplace(name, "\"added\"");
    state.emplace("renamed" + std::to_string(rng.below(3)), "7");
    row.state = state;
    row.exists = true;

    auto& fields = model.registers.fields;
    std::erase_if(fields, [&](const auto& field) {
        return field.second.text.has_value() != state.contains(field.first);
    });
    for (const auto& [name, text] : state)
        fields.try_emplace(name, RegisterModel{1, "", 0, text}).first->second.text = text;
    model.alive_without_register = !model.registers.alive;
}

TEST(DocumentModel, HoldsForAStateChangedBehindItsBack)
{
    for_each_seed(250, [](Rng& rng) {
        Row row = new_row();
        DocumentModel model;
        Ticks now = start_of_time;
        for (int round = 0; round < 4 && !::testing::Test::HasFailure(); ++round) {
            /* Only what exists can be changed so. */
            if (row.exists || row.version == 0)
                change_state(rng, row, model);
            OpenDocument open(row);
            row = OpenDocument(row).row();
            EXPECT_EQ(describe(row), describe(model));
            for (int i = 0; i < 8; ++i) {
                now += random_step(rng);
                step(rng, row, open, model, now);
                model.alive_without_register &= model.exists();
            }
        }
    });
}

TEST(DocumentModel, HoldsUnderAHorizon)
{
    for_each_seed(150, [](Rng& rng) {
        Ticks now = start_of_time;
        DocumentModel model;
        model.registers.horizon = now + rng.between(-2000, 2000);
        model.lamport = model.registers.horizon + rng.between(1, 2000);
        Row row = new_row();
        row.lamport = model.lamport;
        HeapMemory memory;
        Registers registers(&memory);
        registers.horizon = model.registers.horizon;
        row.registers = copy(encode_registers(registers, memory));
        row = OpenDocument(row).row();
        OpenDocument open(row);
        for (int i = 0; i < 20 && !::testing::Test::HasFailure(); ++i) {
            now += rng.between(-100, 300);
            step(rng, row, open, model, now);
        }
    });
}

} // namespace
} // namespace synckit::test
