#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace synckit {

/* Appends text as a JSON string, escaped as Postgres's own JSON output escapes it. */
void append_json_string(std::pmr::string& to, std::string_view text);

void append_number(std::pmr::string& to, int64_t number);

/*
 * Reads the small JSON texts that our types use, strictly (RFC 8259), with errors that name the
 * type and the place. General JSON is Postgres's business (jsonb), not ours: there are no fractions
 * here, no nesting, no generic values.
 */
class JsonScanner {
  public:
    /* type_name: what the error messages say the text should have been; hint: how it is written. */
    JsonScanner(std::string_view text, const char* type_name, const char* hint = "")
        : text_(text), type_name_(type_name), hint_(hint)
    {
    }

    /* Takes the character if it is the next one after white space. */
    bool take(char c);
    void expect(char c);
    /* Nothing but white space is left. */
    void expect_end();

    /* A string, unescaped: a part of the text where that is what it says, or made in memory. */
    std::string_view string(std::pmr::memory_resource* memory);

    /* A whole number from 0 to 2^63 - 1; anything else is refused (22003, 22P02). */
    int64_t counter();

    [[noreturn]] void fail(std::string detail) const;
    [[noreturn]] void fail(const char* sqlstate, std::string detail) const;

  private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space();
    uint32_t hex4();
    void append_escape(std::pmr::string& to);

    std::string_view text_;
    const char* type_name_;
    const char* hint_;
    size_t at_ = 0;
};

} // namespace synckit
