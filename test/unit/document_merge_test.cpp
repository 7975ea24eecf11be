#include "merge_model.hpp"

/* Rule 5, the merge, and what rule 6 says of its outcome, case by case. */
namespace synckit::test {
namespace {

constexpr Ticks now = start_of_time;
constexpr const char* uuid_a = "0190163d-8694-739b-aea5-966c26f8ad91";

using Fields = std::map<std::string, std::string, KeyOrder>;
using Names = std::vector<std::string>;

Row joined(const std::vector<Edit>& edits)
{
    return test::joined(new_row(), edits);
}

/* The second beats the first, whichever comes first. */
void expect_winner(const Edit& loser, const Edit& winner)
{
    Row row = joined({loser, winner});
    EXPECT_TRUE(row == joined({winner, loser}));
    RegisterModel held = registers_of(row).fields.at("x");
    EXPECT_EQ(held.stamp, *winner.stamp);
    EXPECT_EQ(held.client, winner.client);
    EXPECT_EQ(held.number, *winner.number);
    std::optional<std::string> text;
    if (winner.operation != Operation::erase)
        text = winner.members[0].second;
    EXPECT_EQ(held.text, text);
}

TEST(Rule5Merge, TheGreaterStampThenClientThenValueWins)
{
    expect_winner(stamped(10, 1, set("z", "x", "9")), stamped(11, 1, set("a", "x", "1")));
    expect_winner(stamped(10, 9, set("a", "x", "9")), stamped(10, 1, set("b", "x", "1")));
    expect_winner(stamped(10, 1, set("a", "x", "9")), stamped(10, 1, set("ä", "x", "1")));
    expect_winner(stamped(10, 1, set("01", "x", "9")), stamped(10, 1, set(uuid_a, "x", "1")));
    expect_winner(stamped(10, 1, set(uuid_a, "x", "9")), stamped(10, 1, set("02", "x", "1")));
    expect_winner(stamped(10, 1, set("aa", "x", "9")), stamped(10, 1, set("b", "x", "1")));
    expect_winner(stamped(10, 9, set("a", "x", "1")), stamped(10, 1, set("a", "x", "2")));
    expect_winner(stamped(10, 9, set("a", "x", "1")), stamped(10, 1, set("a", "x", "1.0")));
    expect_winner(stamped(10, 9, set("a", "x", "z")), stamped(10, 1, set("a", "x", "ä")));
    /* Two equal writes: the later number is remembered. */
    expect_winner(stamped(10, 1, set("a", "x", "1")), stamped(10, 2, set("a", "x", "1")));
}

TEST(Rule5Merge, ATombstoneIsBelowEveryValue)
{
    expect_winner(stamped(10, 9, erase("a", "x")), stamped(10, 1, set("a", "x", "\"\"")));
    expect_winner(stamped(10, 9, set("a", "x", "9")), stamped(11, 1, erase("a", "x")));
    expect_winner(stamped(10, 9, set("a", "x", "9")), stamped(10, 1, erase("b", "x")));
    expect_winner(stamped(10, 1, erase("a", "x")), stamped(10, 2, erase("a", "x")));
}

TEST(Rule5Merge, AFieldStandsUnlessItIsBelowTheDeletion)
{
    Edit below = stamped(10, 1, set("b", "low", "1")),
         above = stamped(10, 1, set("d", "high", "1")),
         same = stamped(10, 1, set("c", "same", "1")),
         deletion = stamped(10, 2, erase_document("c"));
    std::vector<Edit> edits = {below, above, same, deletion};
    auto order = [](const Edit& edit) { return std::pair(edit.client, edit.field); };
    std::ranges::sort(edits, {}, order);
    do {
        Row row = joined(edits);
        EXPECT_TRUE(row.exists);
        EXPECT_EQ(row.state, (Fields{{"high", "1"}, {"same", "1"}}));
    } while (std::ranges::next_permutation(edits, {}, order).found);
}

TEST(Rule5Merge, ADocumentExistsWhileAliveIsAboveDead)
{
    auto exists = [](const Edit& a, const Edit& b) {
        EXPECT_EQ(joined({a, b}).exists, joined({b, a}).exists);
        return joined({a, b}).exists;
    };
    EXPECT_TRUE(joined({stamped(10, 1, merge("a", {}))}).exists);
    EXPECT_FALSE(joined({stamped(10, 1, erase_document("a"))}).exists);
    EXPECT_FALSE(joined({stamped(10, 1, erase("a", "x"))}).exists);
    EXPECT_FALSE(exists(stamped(10, 1, merge("a", {})), stamped(11, 1, erase_document("a"))));
    EXPECT_FALSE(exists(stamped(10, 1, merge("a", {})), stamped(10, 1, erase_document("b"))));
    EXPECT_TRUE(exists(stamped(10, 1, merge("b", {})), stamped(10, 1, erase_document("a"))));
    EXPECT_TRUE(exists(stamped(11, 1, merge("a", {})), stamped(10, 1, erase_document("b"))));
    /* At equality alive holds JSON null, which is above a tombstone. */
    EXPECT_TRUE(exists(stamped(10, 1, merge("a", {})), stamped(10, 9, erase_document("a"))));
    /* A set that lost its field still says that the document is alive. */
    Row row = joined({stamped(12, 1, erase("a", "x")), stamped(10, 1, erase_document("b")),
                      stamped(11, 2, set("c", "x", "1"))});
    EXPECT_TRUE(row.exists);
    EXPECT_EQ(row.state, Fields());
}

TEST(Rule5Merge, TombstonesBelowTheDeletionAreDropped)
{
    Row row = joined({stamped(10, 1, erase("a", "old")), stamped(12, 2, erase("a", "new")),
                      stamped(11, 1, erase_document("b"))});
    RegistersModel registers = registers_of(row);
    EXPECT_FALSE(registers.fields.contains("old"));
    EXPECT_TRUE(registers.fields.contains("new"));
}

TEST(Rule5Merge, AMergeWritesItsMembersUnderOneStampAndNumber)
{
    Row row = new_row();
    Outcome outcome = apply(row, merge("a", {{"bb", "1"}, {"c", "2"}, {"aa", "3"}}), now);
    EXPECT_EQ(row.state, (Fields{{"c", "2"}, {"aa", "3"}, {"bb", "1"}}));
    for (const auto& [name, field] : registers_of(row).fields) {
        EXPECT_EQ(field.stamp, outcome.stamp);
        EXPECT_EQ(field.number, 1);
    }
    EXPECT_EQ(row.version, 1);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, std::nullopt);
}

TEST(Rule6Outcome, OfASet)
{
    Row row = new_row();
    Outcome outcome = apply(row, at(microseconds(now), set("a", "x", "1")), now);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, std::nullopt);
    outcome = apply(row, at(0, set("b", "x", "2")), now);
    EXPECT_FALSE(outcome.applied);
    EXPECT_EQ(outcome.changed, Names{});
    EXPECT_EQ(row.state, (Fields{{"x", "1"}}));
    /* The same value once more is a write like any other. */
    EXPECT_TRUE(apply(row, set("b", "x", "1"), now).applied);
    EXPECT_EQ(registers_of(row).fields.at("x").client, "b");
}

TEST(Rule6Outcome, OfAFieldsDeletion)
{
    Row row = new_row();
    apply(row, set("a", "x", "1"), now);
    Outcome outcome = apply(row, at(0, erase("b", "x")), now);
    EXPECT_FALSE(outcome.applied);
    EXPECT_EQ(outcome.changed, Names{});
    outcome = apply(row, erase("b", "x"), now);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, std::nullopt);
    EXPECT_TRUE(row.exists);
    EXPECT_EQ(row.state, Fields());
    /* Of a field that never was: it takes the register. */
    EXPECT_TRUE(apply(row, erase("b", "y"), now).applied);
    Row nothing = new_row();
    EXPECT_TRUE(apply(nothing, erase("b", "y"), now).applied);
    EXPECT_FALSE(nothing.exists);
}

TEST(Rule6Outcome, OfAMergeThatWonSomeOfItsFields)
{
    Row row = new_row();
    apply(row, at(microseconds(now), merge("a", {{"x", "1"}, {"z", "1"}})), now);
    Outcome outcome =
        apply(row, at(0, merge("b", {{"z", "2"}, {"y", "2"}, {"x", "2"}, {"aa", "2"}})), now);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, (Names{"aa", "y"})); // by bytes, not by length
    EXPECT_EQ(row.state, (Fields{{"x", "1"}, {"y", "2"}, {"z", "1"}, {"aa", "2"}}));
}

TEST(Rule6Outcome, OfADocumentsDeletion)
{
    Row row = new_row();
    apply(row, at(microseconds(now) - 9000, set("a", "x", "1")), now);
    apply(row, at(microseconds(now) - 9000, set("a", "yy", "1")), now);
    apply(row, at(microseconds(now), set("a", "z", "1")), now);
    Row before = row;
    Outcome outcome = apply(row, at(microseconds(now) - 5000, erase_document("b")), now);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, (Names{"x", "yy"})); // z was written later: it stands
    EXPECT_TRUE(row.exists);
    outcome = apply(row, at(microseconds(now) - 6000, erase_document("b")), now);
    EXPECT_FALSE(outcome.applied);
    EXPECT_EQ(outcome.changed, Names{});
    outcome = apply(row, erase_document("b"), now);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, std::nullopt);
    EXPECT_FALSE(row.exists);
    outcome = apply(row, erase_document("b"), now);
    EXPECT_FALSE(outcome.applied); // nothing left to change
    EXPECT_EQ(outcome.changed, std::nullopt);
}

TEST(Rule6Outcome, OfAnEmptyDocument)
{
    Row row = new_row();
    EXPECT_TRUE(apply(row, merge("a", {}), now).applied);
    EXPECT_TRUE(row.exists);
    EXPECT_EQ(row.state, Fields());
    EXPECT_FALSE(apply(row, merge("a", {}), now).applied);
    apply(row, erase_document("a"), now);
    Outcome late = apply(row, at(0, merge("b", {})), now);
    EXPECT_FALSE(late.applied);
    EXPECT_FALSE(row.exists);
    EXPECT_TRUE(apply(row, merge("b", {}), now).applied);
    EXPECT_TRUE(row.exists);
}

TEST(Rule6Outcome, OfARecreatedDocument)
{
    Row row = new_row();
    apply(row, set("a", "x", "1"), now);
    Outcome deletion = apply(row, erase_document("a"), now);
    Outcome late = apply(row, at(0, set("b", "y", "late")), now);
    EXPECT_FALSE(late.applied);
    EXPECT_EQ(late.changed, Names{});
    EXPECT_FALSE(row.exists);
    Outcome again = apply(row, set("b", "y", "2"), now);
    EXPECT_TRUE(again.applied);
    EXPECT_GT(again.stamp, deletion.stamp);
    EXPECT_EQ(row.state, (Fields{{"y", "2"}}));
    EXPECT_EQ(row.version, 4);
}

TEST(Horizon, SupersedesWhatItCoversUnlessThereIsARegister)
{
    HeapMemory memory;
    Row row = new_row();
    row.registers = copy(registers_from_text(
        R"({"alive": [5, "a", 1], "horizon": 10, "fields": [["fd0c5087", 5, "a", 1]]})", memory));
    row.state = {{"x", "0"}};
    row.exists = true;
    Row after =
        test::joined(row, {stamped(10, 1, set("b", "y", "1")), stamped(9, 2, erase("b", "z")),
                           stamped(7, 3, set("b", "x", "1")), stamped(11, 4, set("b", "w", "1"))});
    EXPECT_EQ(after.state, (Fields{{"w", "1"}, {"x", "1"}}));
    RegistersModel registers = registers_of(after);
    EXPECT_EQ(registers.horizon, 10);
    EXPECT_EQ(registers.fields.size(), 2u);
    /* A merge may lose some members to it. */
    Outcome outcome = apply(row, stamped(10, 1, merge("b", {{"x", "2"}, {"y", "2"}})), now);
    EXPECT_TRUE(outcome.applied);
    EXPECT_EQ(outcome.changed, Names{"x"});
}

/* The state changed behind the registers' back. */

Row written()
{
    Row row = new_row();
    for (const char* name : {"a", "b", "c", "d"})
        apply(row, set("w", name, "1"), now);
    apply(row, erase("w", "gone"), now);
    return row;
}

TEST(BehindTheBack, AFieldWithoutARegisterIsTheOldestThereIs)
{
    Row row = written();
    row.state["bb"] = "2";
    row.state["0"] = "2";
    row = OpenDocument(row).row();
    RegistersModel registers = registers_of(row);
    for (const char* name : {"bb", "0"})
        EXPECT_TRUE(registers.fields.at(name) == (RegisterModel{1, "", 0, "2"})) << name;
    for (const char* name : {"a", "b", "c", "d"})
        EXPECT_EQ(registers.fields.at(name).client, "w") << name;
    /* Anybody's write beats it. */
    EXPECT_TRUE(apply(row, stamped(1, 1, set("a", "bb", "3")), now).applied);
}

TEST(BehindTheBack, ARegisterWhoseFieldIsGoneIsDropped)
{
    Row row = written();
    row.state.erase("b");
    row = OpenDocument(row).row();
    RegistersModel registers = registers_of(row);
    EXPECT_FALSE(registers.fields.contains("b"));
    for (const char* name : {"a", "c", "d"})
        EXPECT_EQ(registers.fields.at(name).client, "w") << name;
    EXPECT_TRUE(apply(row, stamped(1, 1, set("a", "b", "3")), now).applied);
}

TEST(BehindTheBack, ARenamedFieldIsANewOne)
{
    Row row = written();
    row.state.erase("b");
    row.state["b2"] = "1";
    row = OpenDocument(row).row();
    RegistersModel registers = registers_of(row);
    EXPECT_FALSE(registers.fields.contains("b"));
    EXPECT_EQ(registers.fields.at("b2").client, "");
    EXPECT_EQ(registers.fields.at("d").client, "w");
}

TEST(BehindTheBack, AChangedValueKeepsItsRegister)
{
    Row row = written();
    row.state["b"] = "7";
    RegistersModel before = registers_of(row);
    row = OpenDocument(row).row();
    EXPECT_TRUE(registers_of(row) == before);
}

TEST(BehindTheBack, ARowWithoutRegistersIsAliveAndOld)
{
    Row row;
    row.exists = true;
    row.state = {{"x", "1"}, {"y", "2"}};
    row = OpenDocument(row).row();
    EXPECT_TRUE(row.exists);
    EXPECT_EQ(row.state.size(), 2u);
    Row deleted = row, kept = row;
    EXPECT_TRUE(apply(deleted, stamped(1, 1, erase_document("a")), now).applied);
    EXPECT_FALSE(deleted.exists);
    EXPECT_TRUE(apply(kept, stamped(1, 1, erase("a", "x")), now).applied);
    EXPECT_TRUE(kept.exists);
    EXPECT_EQ(kept.state, (Fields{{"y", "2"}}));
}

} // namespace
} // namespace synckit::test
