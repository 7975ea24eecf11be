#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synckit {

/*
 * The members of a JSON object with their values as raw text, so that no number changes on its way
 * through (1.10, 1e400 and 23 digits stay what they are).
 */
class JsonMembers {
  public:
    /* Nothing if the text is not one JSON object (RFC 8259, UTF-8). Refers to the text: keep it. */
    static std::optional<JsonMembers> of(std::string_view text);

    /*
     * The raw value of a member, null if there is none. `key` must need no escapes: a member whose
     * key was written with some is not found, which is right for keys that programs write.
     */
    const std::string_view* find(std::string_view key) const;

    /* The raw value, or `otherwise`. */
    std::string_view raw(std::string_view key, std::string_view otherwise = {}) const;
    /* The text of a string; the raw value of anything else; empty if absent or null. */
    std::string text(std::string_view key) const;

  private:
    std::vector<std::pair<std::string_view, std::string_view>> members_;
};

} // namespace synckit
