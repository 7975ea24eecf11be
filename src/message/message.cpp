#include "message/message.hpp"

#include "base/json.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

class ObjectWriter {
  public:
    explicit ObjectWriter(std::pmr::string& to, std::string_view type) : to_(to)
    {
        to_ += "{\"type\":";
        append_json_string(to_, type);
    }
    void close() { to_ += '}'; }

    std::pmr::string& key(std::string_view key)
    {
        to_ += ",\"";
        to_ += key;
        to_ += "\":";
        return to_;
    }
    void text(std::string_view name, std::string_view value)
    {
        append_json_string(key(name), value);
    }
    void text(std::string_view name, std::optional<std::string_view> value)
    {
        if (value)
            text(name, *value);
        else
            key(name) += "null";
    }
    void number(std::string_view name, int64_t value) { append_number(key(name), value); }

  private:
    std::pmr::string& to_;
};

void append_clock(std::pmr::string& to, const ClockView& clock)
{
    to += '{';
    const char* separator = "";
    for (ClockCursor at(clock); !at.done(); at.next()) {
        ClockEntry entry = at.entry();
        char buffer[uuid_text_size];
        to += separator;
        append_json_string(to, entry.client.text(buffer));
        to += ':';
        append_number(to, entry.counter);
        separator = ",";
    }
    to += '}';
}

} // namespace

void append_delta_message(std::pmr::string& to, const DeltaMessage& delta, bool truncated)
{
    char id[uuid_text_size];
    uuid_to_text(delta.id.data(), id);
    ObjectWriter out(to, "delta");
    out.text("id", std::string_view(id, sizeof id));
    out.text("documentId", delta.document);
    out.text("clientId", delta.client);
    out.text("operationType", delta.operation);
    out.text("fieldPath", delta.field);
    if (!truncated)
        out.key("value") += delta.value.value_or("null");
    out.number("clockValue", delta.clock_value);
    if (delta.clock)
        append_clock(out.key("clock"), *delta.clock);
    else
        out.key("clock") += "null";
    out.number("version", delta.version);
    out.number("lamport", delta.lamport);
    out.number("stamp", delta.stamp);
    out.text("outcome", delta.outcome);
    if (delta.changed_fields) {
        const char* separator = "";
        out.key("changedFields") += '[';
        for (std::string_view field : *delta.changed_fields) {
            to += separator;
            append_json_string(to, field);
            separator = ",";
        }
        to += ']';
    } else {
        out.key("changedFields") += "null";
    }
    out.number("timestamp", delta.timestamp_ms);
    out.text("serverId", delta.server);
    out.number("epoch", delta.epoch);
    if (truncated)
        out.key("truncated") += "true";
    out.close();
}

void append_broadcast_message(std::pmr::string& to, const BroadcastMessage& broadcast)
{
    ObjectWriter out(to, "broadcast");
    out.text("event", broadcast.event);
    out.key("data") += broadcast.data.value_or("null");
    out.text("serverId", broadcast.server);
    out.number("timestamp", broadcast.timestamp_ms);
    out.number("epoch", broadcast.epoch);
    out.close();
}

void append_epoch_message(std::pmr::string& to, int64_t epoch, int64_t timestamp_ms)
{
    ObjectWriter out(to, "epoch");
    out.number("epoch", epoch);
    out.number("timestamp", timestamp_ms);
    out.close();
}

void append_document_channel(std::pmr::string& to, std::string_view prefix,
                             std::string_view document)
{
    to += prefix;
    to += "doc:";
    to += document;
}

void append_broadcast_channel(std::pmr::string& to, std::string_view prefix)
{
    to += prefix;
    to += "broadcast";
}

} // namespace synckit
