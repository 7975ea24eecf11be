#include "support.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/bytes.hpp"
#include "document/registers.hpp"

namespace synckit::test {
namespace {

constexpr const char* uuid_a = "0190163d-8694-739b-aea5-966c26f8ad91";

/* Registers with the writes spelled out: two that say the same are the same. */
using WriteModel = std::tuple<Ticks, std::string, Counter>;

struct Model {
    std::optional<WriteModel> alive, dead;
    Ticks horizon = 0;
    std::vector<std::pair<uint32_t, std::optional<WriteModel>>> live;
    std::map<std::string, WriteModel, KeyOrder> tombstones;

    bool operator==(const Model&) const = default;
};

Model model_of(const Registers& registers)
{
    auto write = [&](uint32_t index) -> std::optional<WriteModel> {
        if (index == no_write)
            return std::nullopt;
        const Write& write = registers.writes.at(index);
        return WriteModel(write.stamp, registers.clients.at(write.client), write.number);
    };
    Model model;
    model.alive = write(registers.alive);
    model.dead = write(registers.dead);
    model.horizon = registers.horizon;
    for (const LiveField& field : registers.live)
        model.live.emplace_back(field.name_hash, write(field.write));
    for (const Tombstone& tombstone : registers.tombstones)
        model.tombstones.emplace(tombstone.name, *write(tombstone.write));
    return model;
}

Model decoded(Bytes bytes)
{
    HeapMemory memory;
    return model_of(decode_registers(bytes, memory));
}

Model random_model(Rng& rng)
{
    bool few = rng.chance(50);
    std::vector<WriteModel> writes;
    for (uint64_t i = 0, count = 1 + rng.below(few ? 3 : 300); i < count; ++i)
        writes.emplace_back(rng.chance(50) ? rng.between(1, 3) : rng.between(1, max_ticks),
                            random_client(rng), rng.chance(50) ? rng.between(0, 3) : rng.counter());
    auto maybe = [&] {
        return rng.chance(70) ? std::optional(rng.pick(writes)) : std::optional<WriteModel>();
    };
    Model model;
    model.alive = maybe();
    model.dead = maybe();
    model.horizon = rng.chance(30) ? rng.between(1, max_ticks) : 0;
    for (uint64_t i = rng.below(few ? 4 : 400); i > 0; --i)
        model.live.emplace_back(static_cast<uint32_t>(rng.bits()), maybe());
    for (uint64_t i = rng.below(6); i > 0; --i)
        model.tombstones.emplace(rng.pick(client_ids()), rng.pick(writes));
    return model;
}

/* Encodes the model in one of the many ways that its registers may lie in memory: writes and
 * clients in any order, repeated, and some that nobody points to. */
Buffer encoded(const Model& model, Rng& rng)
{
    HeapMemory memory;
    Registers registers(&memory);
    std::vector<WriteModel> writes;
    auto add = [&](const std::optional<WriteModel>& write) {
        for (uint64_t i = write ? 1 + rng.below(2) : 0; i > 0; --i)
            writes.push_back(*write);
    };
    add(model.alive);
    add(model.dead);
    for (const auto& [hash, write] : model.live)
        add(write);
    for (const auto& [name, write] : model.tombstones)
        add(write);
    if (rng.chance(50))
        writes.emplace_back(7, "unused", 7);
    if (rng.chance(80))
        rng.shuffle(writes);
    else
        std::ranges::sort(writes);
    for (const auto& [stamp, client, number] : writes) {
        auto known = std::ranges::find(registers.clients, client);
        if (known == registers.clients.end() || rng.chance(20))
            known = registers.clients.insert(registers.clients.end(), client);
        registers.writes.push_back(
            {stamp, static_cast<uint32_t>(known - registers.clients.begin()), number});
    }
    auto index = [&](const std::optional<WriteModel>& write) {
        std::vector<uint32_t> places;
        for (uint32_t i = 0; write && i < writes.size(); ++i)
            if (writes[i] == *write)
                places.push_back(i);
        return write ? rng.pick(places) : no_write;
    };
    registers.alive = index(model.alive);
    registers.dead = index(model.dead);
    registers.horizon = model.horizon;
    for (const auto& [hash, write] : model.live)
        registers.live.push_back({hash, index(write)});
    for (const auto& [name, write] : model.tombstones)
        registers.tombstones.push_back({name, index(write)});
    rng.shuffle(registers.tombstones);
    return copy(encode_registers(registers, memory));
}

TEST(Registers, AreForEver)
{
    HeapMemory memory;
    EXPECT_EQ(copy(encode_registers(Registers(&memory), memory)), buffer({1, 0, 0, 0, 0, 0, 0, 0}));

    Model model;
    model.alive = WriteModel(300, "bob", 2);
    model.dead = WriteModel(5, uuid_a, 1);
    model.horizon = 4;
    model.live = {{name_hash("a"), std::nullopt}, {name_hash("bb"), WriteModel(300, "bob", 2)}};
    model.tombstones = {{"z", WriteModel(300, "al", 9)}, {"aa", WriteModel(300, "bob", 2)}};
    Rng rng(1);
    EXPECT_EQ(encoded(model, rng),
              buffer({1, // version
                      3, // clients
                      0,    0x01, 0x90, 0x16, 0x3d, 0x86, 0x94, 0x73, 0x9b, 0xae,
                      0xa5, 0x96, 0x6c, 0x26, 0xf8, 0xad, 0x91,                // a UUID
                      2,    'a',  'l',  3,    'b',  'o',  'b',                 //
                      3,                                                       // writes
                      5,    0,    1,    0xa7, 2,    1,    9,    0,    2,    2, // stamps 5, 300, 300
                      4,                                                       // horizon
                      3,    1,                                                 // alive, dead
                      2,                                                       // live fields
                      0x2c, 0x29, 0x0c, 0xe4, 0x85, 0xab, 0x2b, 0x3f,          // hashes
                      0,    3,                                                 // none, the third
                      2,                                                       // tombstones
                      1,    'z',  2,    2,    'a',  'a',  3}));
    EXPECT_EQ(name_hash(""), 2166136261u);
    EXPECT_EQ(name_hash("a"), 0xe40c292cu); // the reference's test vector
    EXPECT_EQ(name_hash("foobar"), 0xbf9cf968u);
}

TEST(Registers, GoRoundAndAreCanonical)
{
    for_each_seed(300, [](Rng& rng) {
        Model model = random_model(rng);
        Buffer bytes = encoded(model, rng);
        EXPECT_TRUE(decoded(bytes) == model);
        EXPECT_EQ(encoded(model, rng), bytes);
        HeapMemory memory;
        EXPECT_EQ(copy(encode_registers(decode_registers(bytes, memory), memory)), bytes);
    });
}

TEST(Registers, TextGoesRound)
{
    for_each_seed(300, [](Rng& rng) {
        Buffer bytes = encoded(random_model(rng), rng);
        HeapMemory memory;
        Buffer text = copy(as_bytes(registers_to_text(bytes, memory)));
        EXPECT_EQ(copy(registers_from_text(as_text(text), memory)), bytes);
    });
}

std::string rewritten(std::string_view text)
{
    HeapMemory memory;
    Buffer exact = copy(as_bytes(text));
    return std::string(registers_to_text(registers_from_text(as_text(exact), memory), memory));
}

TEST(RegistersText, IsReadAndWritten)
{
    const std::tuple<std::string_view, std::string_view> cases[] = {
        {"{}", "{}"},
        {R"( {"fields" : [ ] , "tombstones" : { } } )", "{}"},
        {R"({"alive":[1,"a",1]})", R"({"alive": [1, "a", 1]})"},
        {R"({"dead":[9007199254740991,"a",9223372036854775807],"horizon":3})",
         R"({"dead": [9007199254740991, "a", 9223372036854775807], "horizon": 3})"},
        {R"({"fields":[["0000000a"],["e40c292c",2,"ä\n",0]]})",
         R"({"fields": [["0000000a"], ["e40c292c", 2, "ä\n", 0]]})"},
        {R"({"tombstones":{"aa":[1,"a",1],"b":[2,"0190163d-8694-739b-aea5-966c26f8ad91",1]}})",
         R"({"tombstones": {"b": [2, "0190163d-8694-739b-aea5-966c26f8ad91", 1], )"
         R"("aa": [1, "a", 1]}})"}};
    for (auto [text, expected] : cases)
        EXPECT_EQ(rewritten(text), expected) << text;
}

TEST(RegistersText, RefusesWhatIsNotRegisters)
{
    std::string long_client = R"({"alive":[1,")" + std::string(256, 'x') + R"(",1]})";
    const std::tuple<std::string_view, std::string_view> cases[] = {
        {"", "22P02"},
        {"[]", "22P02"},
        {"{}x", "22P02"},
        {R"({"alive":null})", "22P02"},
        {R"({"other":[1,"a",1]})", "22P02"},
        {R"({"dead":[1,"a",1],"alive":[1,"a",1]})", "22P02"},
        {R"({"alive":[1,"a",1],"alive":[1,"a",1]})", "22P02"},
        {R"({"alive":[]})", "22P02"},
        {R"({"alive":[1]})", "22P02"},
        {R"({"alive":[1,"a"]})", "22P02"},
        {R"({"alive":[1,"a",1,1]})", "22P02"},
        {R"({"alive":["1","a",1]})", "22P02"},
        {R"({"alive":[1.5,"a",1]})", "22P02"},
        {R"({"alive":[1,2,1]})", "22P02"},
        {R"({"alive":[0,"a",1]})", "22003"},
        {R"({"alive":[-1,"a",1]})", "22003"},
        {R"({"alive":[9007199254740992,"a",1]})", "22003"},
        {R"({"alive":[1,"a",-1]})", "22003"},
        {R"({"alive":[1,"a",9223372036854775808]})", "22003"},
        {R"({"alive":[1,"",1]})", "22023"},
        {long_client, "22001"},
        {"{\"alive\":[1,\"\xff\",1]}", "22021"},
        {R"({"horizon":0})", "22003"},
        {R"({"horizon":9007199254740992})", "22003"},
        {R"({"horizon":"1"})", "22P02"},
        {R"({"fields":{}})", "22P02"},
        {R"({"fields":[[]]})", "22P02"},
        {R"({"fields":["0000000a"]})", "22P02"},
        {R"({"fields":[["a"]]})", "22P02"},
        {R"({"fields":[["0000000A"]]})", "22P02"},
        {R"({"fields":[["0000000g"]]})", "22P02"},
        {R"({"fields":[["-000000a"]]})", "22P02"},
        {R"({"fields":[["0x00000a"]]})", "22P02"},
        {R"({"fields":[["00000000a"]]})", "22P02"},
        {R"({"fields":[["0000000a",]]})", "22P02"},
        {R"({"fields":[["0000000a"],]})", "22P02"},
        {R"({"fields":[["0000000a",1,"a",1],[1]]})", "22P02"},
        {R"({"tombstones":[]})", "22P02"},
        {R"({"tombstones":{"":[1,"a",1]}})", "22P02"},
        {R"({"tombstones":{"a":[]}})", "22P02"},
        {R"({"tombstones":{"a":[1,"a",1],"a":[2,"a",1]}})", "22P02"},
        {R"({"tombstones":{"a":[1,"a",1],"\u0061":[1,"a",1]}})", "22P02"}};
    for (auto [text, sqlstate] : cases)
        EXPECT_EQ(sqlstate_of([&] { rewritten(text); }), sqlstate) << text;
    EXPECT_EQ(error_of([&] { rewritten(R"({"horizon":0})"); }),
              R"(22003: value out of range for type synckit_registers: "{"horizon":0}" | )"
              "A stamp is between 1 and 9007199254740991. | "
              "Registers are made by synckit; their grammar is in its documentation.");
}

TEST(RegistersText, RefusesEveryPrefix)
{
    std::string text = R"({"alive": [1, "a", 1], "dead": [2, "b", 1], "horizon": 3, )"
                       R"("fields": [["0000000a", 4, "c", 1]], "tombstones": {"x": [5, "d", 1]}})";
    EXPECT_EQ(rewritten(text), text);
    for (size_t size = 0; size < text.size(); ++size)
        EXPECT_EQ(sqlstate_of([&] { rewritten(text.substr(0, size)); }), "22P02") << size;
}

/* Decodes bytes from which all that follows must be safe, however they came about. */
std::string decode_error(const Buffer& bytes)
{
    return sqlstate_of([&] {
        HeapMemory memory;
        Registers registers = decode_registers(bytes, memory);
        Bytes again = encode_registers(registers, memory);
        decode_registers(again, memory);
        registers_to_text(bytes, memory);
    });
}

TEST(RegistersBytes, RefuseEveryPrefixAndExtension)
{
    for_each_seed(40, [](Rng& rng) {
        Buffer bytes = encoded(random_model(rng), rng);
        EXPECT_EQ(decode_error(bytes), "");
        size_t step = 1 + bytes.size() / 100;
        for (size_t size = 0; size < bytes.size(); size += step)
            EXPECT_EQ(
                decode_error(Buffer(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size))),
                "XX001")
                << size;
        bytes.push_back(0);
        EXPECT_EQ(decode_error(bytes), "XX001");
    });
}

TEST(RegistersBytes, RefuseEveryLie)
{
    /* version, clients, writes, horizon, alive, dead, live, tombstones */
    EXPECT_EQ(decode_error(buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 0})), "");
    const Buffer lies[] = {
        buffer({}),
        buffer({0, 0, 0, 0, 0, 0, 0, 0}),
        buffer({2, 0, 0, 0, 0, 0, 0, 0}),
        buffer({255, 0, 0, 0, 0, 0, 0, 0}),
        buffer({1, 2, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 0}),              // two clients
        buffer({1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0}), // 2^32 - 1 of them
        buffer({1, 1, 255, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 0}),            // a longer client
        buffer({1, 1, 0, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 0}),              // no UUID
        buffer({1, 1, 1, 'a', 9, 5, 0, 1, 0, 1, 0, 0, 0}),              // nine writes
        buffer({1, 1, 1, 'a', 1, 0, 0, 1, 0, 1, 0, 0, 0}),              // stamp 0
        buffer({1, 1, 1, 'a', 1, 5, 1, 1, 0, 1, 0, 0, 0}),              // client 1 of one
        buffer({1, 0, 1, 5, 0, 1, 0, 1, 0, 0, 0}),                      // client 0 of none
        buffer({1, 1, 1, 'a', 1, 0x80, 0, 0, 1, 0, 1, 0, 0, 0}),        // an overlong number
        buffer({1,    1,    1,    'a',  1,    5, 0, 0xff, 0xff, 0xff, 0xff,
                0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 1,    0,    0,    0}), // number 2^64 - 1
        buffer({1,    1,    1,    'a', 1, 0x80, 0x80, 0x80, 0x80, 0x80,
                0x80, 0x80, 0x10, 0,   1, 0,    1,    0,    0,    0}),                 // stamp 2^53
        buffer({1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0, 0}), // horizon
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 2, 0, 0, 0}),            // alive is write 2
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 0, 2, 0, 0}),            // dead is
        buffer({1, 0, 0, 0, 1, 0, 0, 0}),                             // alive is 1 of none
        buffer({1, 0, 0, 0, 0, 0, 1, 0}),                             // a field without bytes
        buffer({1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 1, 0}),              // its write is 1 of none
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 1, 1, 'x', 0}), // a tombstone of none
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 1, 1, 'x', 2}), // of write 2
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1}),   // without a name
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 1, 9, 'x', 1}), // with a longer one
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 2, 1, 'x', 1, 1, 'x', 1}), // twice
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 2, 1, 'y', 1, 1, 'x', 1}), // unsorted
        buffer({1, 1, 1, 'a', 1, 5, 0, 1, 0, 1, 0, 0, 2, 2, 'a', 'a', 1, 1, 'b', 1})};
    for (const Buffer& lie : lies)
        EXPECT_EQ(decode_error(lie), "XX001") << ::testing::PrintToString(lie);
}

TEST(RegistersBytes, NeverReadBeyondBytesThatLie)
{
    for_each_seed(4000, [](Rng& rng) {
        Buffer bytes;
        if (rng.chance(70)) {
            Model model = random_model(rng);
            if (model.live.size() > 5)
                model.live.resize(5);
            bytes = flipped(encoded(model, rng), rng);
        } else {
            bytes = random_bytes(rng, 60);
            if (!bytes.empty())
                bytes[0] = 1;
        }
        std::string sqlstate = decode_error(bytes);
        EXPECT_TRUE(sqlstate.empty() || sqlstate == "XX001") << sqlstate;
    });
}

size_t size_of_document(size_t fields, size_t deltas, size_t clients)
{
    HeapMemory memory;
    Registers registers(&memory);
    std::vector<std::string> names;
    Rng rng(1);
    for (size_t i = 0; i < clients; ++i)
        names.push_back(random_uuid(rng));
    registers.clients.assign(names.begin(), names.end());
    Ticks stamp = 1'700'000'000'000 * ticks_per_ms;
    for (size_t i = 0; i < deltas; ++i) {
        stamp += rng.between(1, 1000) * ticks_per_ms;
        registers.writes.push_back(
            {stamp, static_cast<uint32_t>(rng.below(clients)), static_cast<Counter>(i + 1)});
    }
    registers.alive = static_cast<uint32_t>(deltas - 1);
    for (size_t i = 0; i < fields; ++i)
        registers.live.push_back(
            {static_cast<uint32_t>(rng.bits()), static_cast<uint32_t>(i % deltas)});
    return encode_registers(registers, memory).size();
}

/* Registers are rewritten with every delta, so their size is the price of a large document. */
TEST(Registers, OfAThousandFieldsAreSmall)
{
    EXPECT_LE(size_of_document(1000, 1, 1), 1000 * 5 + 40u);       // written at once
    EXPECT_LE(size_of_document(1000, 100, 10), 1000 * 5 + 1000u);  // by a hundred deltas
    EXPECT_LE(size_of_document(1000, 1000, 10), 1000 * 12 + 200u); // a delta each
}

} // namespace
} // namespace synckit::test
