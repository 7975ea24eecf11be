#include "merge_model.hpp"

/* The laws of the join, which make it not matter in what order, how often and in what company the
 * stamped deltas arrive. */
namespace synckit::test {
namespace {

/* Few stamps, clients, numbers and values, so that ties of every kind are common. */
Edit random_stamped(Rng& rng)
{
    static const std::string texts[] = {"1", "1.0", "\"\"", "null"};
    std::string client = rng.pick(writers());
    Edit edit = erase_document(client);
    uint64_t kind = rng.below(100);
    if (kind < 45)
        edit = set(client, rng.pick(field_names()), rng.pick(texts));
    else if (kind < 65)
        edit = erase(client, rng.pick(field_names()));
    else if (kind < 75)
        edit = merge(client, {});
    else if (kind < 85)
        edit = merge(client, {{"a", rng.pick(texts)}, {"b", rng.pick(texts)}});
    return stamped(rng.between(1, 5), rng.between(1, 3), edit);
}

std::vector<Edit> random_stamped_edits(Rng& rng)
{
    std::vector<Edit> edits;
    for (uint64_t i = 1 + rng.below(10); i > 0; --i)
        edits.push_back(random_stamped(rng));
    return edits;
}

void expect_same(const Row& a, const Row& b, const std::vector<Edit>& edits)
{
    EXPECT_EQ(describe(a), describe(b)) << describe(edits);
    EXPECT_TRUE(a == b);
}

/* A document that some deltas made; for laws that must hold from anywhere. */
Row random_base(Rng& rng)
{
    Row row = joined(new_row(), random_stamped_edits(rng));
    if (row.exists && rng.chance(50)) // a field without a register
        row.state.emplace("bare", "1");
    return rng.chance(50) ? new_row() : OpenDocument(row).row();
}

TEST(Join, IsCommutative)
{
    for_each_seed(1500, [](Rng& rng) {
        Row base = random_base(rng);
        std::vector<Edit> edits = random_stamped_edits(rng);
        Row expected = joined(base, edits);
        for (int i = 0; i < 3; ++i) {
            rng.shuffle(edits);
            expect_same(joined(base, edits), expected, edits);
        }
    });
}

/* (x y) z = x (y z): what was joined before may be stored and loaded as one. */
TEST(Join, IsAssociative)
{
    for_each_seed(1000, [](Rng& rng) {
        Row base = random_base(rng);
        std::vector<Edit> edits = random_stamped_edits(rng);
        Row expected = joined(base, edits), row = base;
        for (auto rest = edits.begin(); rest != edits.end();) {
            auto next = rest + rng.between(1, edits.end() - rest);
            row = joined(row, {rest, next});
            rest = next;
        }
        expect_same(row, expected, edits);
    });
}

TEST(Join, IsIdempotent)
{
    for_each_seed(1000, [](Rng& rng) {
        Row base = random_base(rng);
        std::vector<Edit> edits = random_stamped_edits(rng), noisy = edits;
        Row expected = joined(base, edits);
        expect_same(joined(expected, edits), expected, edits);
        for (const Edit& edit : edits)
            for (uint64_t i = rng.below(3); i > 0; --i)
                noisy.insert(noisy.begin() + rng.between(0, static_cast<int64_t>(noisy.size())),
                             edit);
        expect_same(joined(base, noisy), expected, noisy);
    });
}

} // namespace
} // namespace synckit::test
