#pragma once

#include <string>
#include <string_view>

namespace synckit {

/* A message of Redis as one line for a person, without the time; what is not JSON is shown as it
 * is. */
std::string human_line(std::string_view channel, std::string_view payload);

/* The same as one line of JSON: {"channel":…,"message":<the message>}, or "text" in place of
 * "message" if not JSON. */
std::string json_line(std::string_view channel, std::string_view payload);

} // namespace synckit
