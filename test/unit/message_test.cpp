#include "support.hpp"

#include <nlohmann/json.hpp>

#include "message/message.hpp"

namespace synckit::test {
namespace {

using nlohmann::json;

Uuid an_id()
{
    Uuid id;
    uuid_from_text("0190163d-8694-739b-aea5-966c26f8ad91", id.data());
    return id;
}

DeltaMessage a_message()
{
    return {.id = an_id(),
            .document = "do\"c/1",
            .client = "al\\ice",
            .operation = "set",
            .field = "ti\ntle",
            .value = R"({"a": [1.10, null]})",
            .clock_value = max_counter,
            .clock = std::nullopt,
            .version = 7,
            .lamport = max_ticks,
            .stamp = 12345,
            .outcome = "applied",
            .changed_fields = std::nullopt,
            .timestamp_ms = 1'700'000'000'123,
            .server = std::nullopt,
            .epoch = 1'700'000'000'123'456};
}

std::string written(const DeltaMessage& message, bool truncated = false)
{
    std::pmr::string text;
    append_delta_message(text, message, truncated);
    return std::string(text);
}

/* The keys in their order, as they stand in the text. */
std::vector<std::string> keys_of(std::string_view text)
{
    std::vector<std::string> keys;
    auto parsed = nlohmann::ordered_json::parse(text);
    for (const auto& [key, value] : parsed.items())
        keys.push_back(key);
    return keys;
}

const std::vector<std::string> all_keys = {
    "type",      "id",    "documentId", "clientId",      "operationType",
    "fieldPath", "value", "clockValue", "clock",         "version",
    "lamport",   "stamp", "outcome",    "changedFields", "timestamp",
    "serverId",  "epoch"};

TEST(DeltaMessages, HaveEveryKeyAndNullWhereTheColumnIsNull)
{
    std::string text = written(a_message());
    EXPECT_EQ(keys_of(text), all_keys);
    EXPECT_EQ(json::parse(text), json({{"type", "delta"},
                                       {"id", "0190163d-8694-739b-aea5-966c26f8ad91"},
                                       {"documentId", "do\"c/1"},
                                       {"clientId", "al\\ice"},
                                       {"operationType", "set"},
                                       {"fieldPath", "ti\ntle"},
                                       {"value", {{"a", {1.10, nullptr}}}},
                                       {"clockValue", max_counter},
                                       {"clock", nullptr},
                                       {"version", 7},
                                       {"lamport", max_ticks},
                                       {"stamp", 12345},
                                       {"outcome", "applied"},
                                       {"changedFields", nullptr},
                                       {"timestamp", 1'700'000'000'123},
                                       {"serverId", nullptr},
                                       {"epoch", 1'700'000'000'123'456}}));
    /* One message is one line, and the value goes out as the text that it came in. */
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_NE(text.find(R"("value":{"a": [1.10, null]},)"), std::string::npos);
}

TEST(DeltaMessages, CarryWhatIsNotNull)
{
    HeapMemory memory;
    std::string_view fields[] = {"a\"", "ä"};
    DeltaMessage message = a_message();
    message.value = std::nullopt;
    message.clock = ClockView(make_clock(
        {{"z", 1}, {"0190163d-8694-739b-aea5-966c26f8ad91", 2}, {"a\"", max_counter}}, memory));
    message.outcome = "superseded";
    message.changed_fields = fields;
    message.server = "server-1";
    std::string text = written(message);
    json parsed = json::parse(text);
    EXPECT_EQ(keys_of(text), all_keys);
    EXPECT_TRUE(parsed["value"].is_null());
    EXPECT_EQ(parsed["clock"],
              json({{"z", 1}, {"0190163d-8694-739b-aea5-966c26f8ad91", 2}, {"a\"", max_counter}}));
    EXPECT_EQ(parsed["outcome"], "superseded");
    EXPECT_EQ(parsed["changedFields"], json({"a\"", "ä"}));
    EXPECT_EQ(parsed["serverId"], "server-1");
}

TEST(DeltaMessages, TellEmptyFromNull)
{
    DeltaMessage message = a_message();
    message.value = "null";
    message.clock = ClockView();
    message.changed_fields.emplace();
    message.field = "";
    message.server = "";
    json parsed = json::parse(written(message));
    EXPECT_TRUE(parsed["value"].is_null());
    EXPECT_EQ(parsed["clock"], json::object());
    EXPECT_EQ(parsed["changedFields"], json::array());
    EXPECT_EQ(parsed["fieldPath"], "");
    EXPECT_EQ(parsed["serverId"], "");
}

TEST(DeltaMessages, GoWithoutTheirValueWhenTruncated)
{
    std::string text = written(a_message(), true);
    std::vector<std::string> keys = all_keys;
    std::erase(keys, "value");
    keys.push_back("truncated");
    EXPECT_EQ(keys_of(text), keys);
    json parsed = json::parse(text), whole = json::parse(written(a_message()));
    EXPECT_EQ(parsed["truncated"], true);
    parsed.erase("truncated");
    whole.erase("value");
    EXPECT_EQ(parsed, whole);
}

TEST(Messages, AppendToWhatIsThere)
{
    std::pmr::string text = "x";
    append_delta_message(text, a_message(), false);
    EXPECT_EQ(std::string(text), "x" + written(a_message()));
}

TEST(Messages, AnnounceAnEpoch)
{
    std::pmr::string text;
    append_epoch_message(text, 1'700'000'000'123'456, 1'700'000'000'123);
    EXPECT_EQ(json::parse(text), json({{"type", "epoch"},
                                       {"epoch", 1'700'000'000'123'456},
                                       {"timestamp", 1'700'000'000'123}}));
    EXPECT_EQ(keys_of(text), (std::vector<std::string>{"type", "epoch", "timestamp"}));
}

TEST(Messages, CarryABroadcast)
{
    std::pmr::string text, bare;
    append_broadcast_message(text, {"deploy \"ü\"", R"({"v": [1, 2.50]})", "s1", 1'700, 42});
    EXPECT_EQ(std::string(text), "{\"type\":\"broadcast\",\"event\":\"deploy \\\"ü\\\"\","
                                 "\"data\":{\"v\": [1, 2.50]},\"serverId\":\"s1\","
                                 "\"timestamp\":1700,\"epoch\":42}");
    append_broadcast_message(bare, {"e", {}, {}, -1, 1});
    EXPECT_EQ(json::parse(bare), json({{"type", "broadcast"},
                                       {"event", "e"},
                                       {"data", nullptr},
                                       {"serverId", nullptr},
                                       {"timestamp", -1},
                                       {"epoch", 1}}));
}

TEST(Channels, AreThePrefixAndTheName)
{
    std::pmr::string document, broadcast, bare;
    append_document_channel(document, "synckit:", "notes/ä 1");
    append_broadcast_channel(broadcast, "synckit:");
    append_document_channel(bare, "", "x");
    EXPECT_EQ(std::string(document), "synckit:doc:notes/ä 1");
    EXPECT_EQ(std::string(broadcast), "synckit:broadcast");
    EXPECT_EQ(std::string(bare), "doc:x");
}

} // namespace
} // namespace synckit::test
