#include "support.hpp"

#include <openssl/evp.h>

#include "document/delta_id.hpp"

namespace synckit::test {
namespace {

using Bits = std::string; // of '0' and '1', the most significant first

Bits bits_of(uint64_t number, int count)
{
    Bits bits;
    for (int i = count - 1; i >= 0; --i)
        bits += number >> i & 1 ? '1' : '0';
    return bits;
}

Bits bits_of(const Uuid& id)
{
    Bits bits;
    for (uint8_t byte : id)
        bits += bits_of(byte, 8);
    return bits;
}

std::string text_of(const Uuid& id)
{
    std::string text(uuid_text_size, '\0');
    uuid_to_text(id.data(), text.data());
    return text;
}

/* The recipe, bit by bit as it is written down. */
Bits expected_bits(const DeltaName& name)
{
    std::string hashed;
    for (std::string_view part :
         {name.document, name.client, std::string_view(), name.operation, name.field, name.value}) {
        std::string number = std::to_string(name.clock_value);
        if (part.data() == nullptr)
            part = number;
        for (int shift = 24; shift >= 0; shift -= 8)
            hashed += static_cast<char>(part.size() >> shift & 0xff);
        hashed += part;
    }
    uint8_t digest[32];
    EVP_Digest(hashed.data(), hashed.size(), digest, nullptr, EVP_sha256(), nullptr);
    Bits hash;
    for (uint8_t byte : digest)
        hash += bits_of(byte, 8);
    uint64_t time = name.timestamp_ms < 0 ? 0 : static_cast<uint64_t>(name.timestamp_ms);
    return bits_of(time, 48) + "1000" + hash.substr(0, 12) + "10" + hash.substr(12, 62);
}

DeltaName a_name()
{
    return {.document = "doc",
            .client = "alice",
            .clock_value = 42,
            .operation = "set",
            .field = "title",
            .value = "\"Hello\"",
            .timestamp_ms = 1'700'000'000'000};
}

/* What another program makes of the recipe: ids are derived by clients, too, and are for ever. */
TEST(DeltaId, IsForEver)
{
    EXPECT_EQ(text_of(derive_delta_id(a_name())), "018bcfe5-6800-8196-8258-27cfb906c9b1");
    DeltaName deletion = a_name();
    deletion.document = "日本";
    deletion.clock_value = max_counter;
    deletion.operation = "delete";
    deletion.field = "";
    deletion.value = "";
    deletion.timestamp_ms = -1;
    EXPECT_EQ(text_of(derive_delta_id(deletion)), "00000000-0000-8f69-88ed-73a1043ea71e");
}

TEST(DeltaId, IsTheRecipeBitByBit)
{
    const std::string_view operations[] = {"set", "delete", "merge"};
    for_each_seed(1000, [&](Rng& rng) {
        std::string document = random_client(rng), client = random_client(rng),
                    field = random_client(rng), value = rng.chance(20) ? "" : random_client(rng);
        DeltaName name{document,
                       client,
                       rng.counter(),
                       rng.pick(operations),
                       field,
                       value,
                       rng.between(-3, (int64_t{1} << 48) - 1)};
        Uuid id = derive_delta_id(name);
        EXPECT_EQ(bits_of(id), expected_bits(name));
        EXPECT_EQ(derive_delta_id(name), id);
    });
}

TEST(DeltaId, TellsEveryPartApart)
{
    std::vector<DeltaName> names(8, a_name());
    names[1].document = "docs";
    names[2].client = "alic";
    names[3].clock_value = 43;
    names[4].operation = "merge";
    names[5].field = "titl";
    names[6].value = "";
    names[7].timestamp_ms += 1;
    /* The same bytes, cut elsewhere. */
    names.push_back(a_name());
    names.back().document = "doca";
    names.back().client = "lice";
    names.push_back(a_name());
    names.back().clock_value = 4;
    names.back().operation = "2set";
    for (size_t i = 0; i < names.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            EXPECT_NE(derive_delta_id(names[i]), derive_delta_id(names[j])) << i << " " << j;
}

TEST(DeltaId, CountsTimesBefore1970AsThen)
{
    DeltaName name = a_name();
    name.timestamp_ms = 0;
    Uuid then = derive_delta_id(name);
    EXPECT_EQ(bits_of(then).substr(0, 48), Bits(48, '0'));
    for (int64_t before : {int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
        name.timestamp_ms = before;
        EXPECT_EQ(derive_delta_id(name), then);
    }
}

TEST(UuidV7, IsTimeVersionVariantAndTheRandomBits)
{
    for_each_seed(200, [](Rng& rng) {
        int64_t ms = rng.between(-1, (int64_t{1} << 48) - 1);
        std::array<uint8_t, 10> random;
        Bits bits;
        for (uint8_t& byte : random) {
            byte = static_cast<uint8_t>(rng.bits());
            bits += bits_of(byte, 8);
        }
        Bits id = bits_of(make_uuid_v7(ms, random));
        EXPECT_EQ(id.substr(0, 48), bits_of(static_cast<uint64_t>(std::max<int64_t>(ms, 0)), 48));
        EXPECT_EQ(id.substr(48, 4), "0111");
        EXPECT_EQ(id.substr(52, 12), bits.substr(4, 12));
        EXPECT_EQ(id.substr(64, 2), "10");
        EXPECT_EQ(id.substr(66), bits.substr(18));
    });
}

/* The example of RFC 9562, appendix A.6. */
TEST(UuidV7, IsThatOfTheStandard)
{
    Uuid id =
        make_uuid_v7(0x017f22e279b0, {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f});
    EXPECT_EQ(text_of(id), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

} // namespace
} // namespace synckit::test
