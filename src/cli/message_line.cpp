#include "cli/message_line.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/json_members.hpp"
#include "redis/printable.hpp"

namespace synckit {
namespace {

constexpr size_t shown_value = 120; // bytes of a value that a person gets to see

/* "set title = "x"", "delete title", "delete" (the document), "merge {…}" */
std::string change_of(const JsonMembers& message)
{
    std::string line = message.text("operationType");
    const std::string field = message.text("fieldPath");
    if (!field.empty())
        line += " " + field;
    if (message.raw("truncated") == "true")
        line += " = (value too large to be published)";
    else if (const auto value = message.raw("value", "null"); line.starts_with("set"))
        line += " = " + std::string(value);
    else if (value != "null")
        line += " " + std::string(value);
    return printable(line, shown_value);
}

std::string delta_line(const JsonMembers& message)
{
    return "doc        " + printable(message.text("documentId")) + "  v" +
           printable(message.text("version")) + "  " + change_of(message) + "  by " +
           printable(message.text("clientId")) + "  " + printable(message.text("outcome"));
}

} // namespace

std::string human_line(std::string_view channel, std::string_view payload)
{
    const auto message = JsonMembers::of(payload);
    const std::string type = message ? message->text("type") : "";
    if (type == "delta")
        return delta_line(*message);
    if (type == "epoch")
        return "broadcast  new epoch " + printable(message->text("epoch"));
    if (type == "broadcast")
        return "broadcast  " + printable(message->text("event")) + "  " +
               printable(message->raw("data", "null"), shown_value);
    if (type == "presence")
        return "presence   " + printable(message->text("serverId")) + "  " +
               printable(message->text("event"));
    return printable(channel) + "  " + printable(payload);
}

std::string json_line(std::string_view channel, std::string_view payload)
{
    const auto quoted = [](std::string_view text) {
        const auto replace = nlohmann::json::error_handler_t::replace;
        return printable(nlohmann::json(text).dump(-1, ' ', false, replace));
    };
    std::string line = "{\"channel\":" + quoted(channel);
    if (JsonMembers::of(payload)) {
        // Raw line breaks can only stand between its tokens.
        std::string message(payload);
        std::replace_if(
            message.begin(), message.end(),
            [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
        line += ",\"message\":" + printable(message);
    } else {
        line += ",\"text\":" + quoted(payload);
    }
    return line + "}";
}

} // namespace synckit
