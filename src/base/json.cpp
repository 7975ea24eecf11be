#include "base/json.hpp"

#include <charconv>

#include "base/utf8.hpp"

#include "base/pure_only.hpp"

namespace synckit {

void append_json_string(std::pmr::string& to, std::string_view text)
{
    static constexpr char hex[] = "0123456789abcdef";
    to += '"';
    size_t clean = 0; // start of the run that needs no escape
    for (size_t i = plain_prefix(text); i < text.size(); ++i) {
        auto c = static_cast<uint8_t>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        to.append(text, clean, i - clean);
        clean = i + 1;
        to += '\\';
        switch (c) {
        case '\b':
            to += 'b';
            break;
        case '\f':
            to += 'f';
            break;
        case '\n':
            to += 'n';
            break;
        case '\r':
            to += 'r';
            break;
        case '\t':
            to += 't';
            break;
        case '"':
        case '\\':
            to += static_cast<char>(c);
            break;
        default:
            to += "u00";
            to += hex[c >> 4];
            to += hex[c & 15];
        }
    }
    to.append(text, clean, text.size() - clean);
    to += '"';
}

void append_number(std::pmr::string& to, int64_t number)
{
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    to.append(digits, static_cast<size_t>(end - digits));
}

void JsonScanner::fail(std::string detail) const
{
    fail(sqlstate::invalid_text_representation, std::move(detail));
}

void JsonScanner::fail(const char* sqlstate, std::string detail) const
{
    constexpr size_t shown = 100;
    /* By its text: the same literal may stand at another address in another file. */
    std::string message = std::string_view(sqlstate) == sqlstate::numeric_value_out_of_range
                              ? std::string("value out of range for type ")
                              : std::string("invalid input syntax for type ");
    message += type_name_;
    message += ": \"";
    message += utf8_prefix(text_, shown);
    message += text_.size() > shown ? "...\"" : "\"";
    throw Error(sqlstate, std::move(message), std::move(detail), hint_);
}

void JsonScanner::skip_space()
{
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
        ++at_;
}

bool JsonScanner::take(char c)
{
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c)
        return false;
    ++at_;
    return true;
}

void JsonScanner::expect(char c)
{
    if (!take(c)) {
        std::string detail = "Expected \"";
        detail += c;
        detail += "\" at byte ";
        detail += std::to_string(at_);
        if (at_ >= text_.size()) {
            detail += ", found the end of the text.";
        } else {
            std::string_view rest = text_.substr(at_);
            detail += ", found \"";
            detail += rest.substr(0, utf8_sequence(rest));
            detail += "\".";
        }
        fail(std::move(detail));
    }
}

void JsonScanner::expect_end()
{
    skip_space();
    if (at_ < text_.size())
        fail("Junk after the closing bracket, at byte " + std::to_string(at_) + ".");
}

std::string_view JsonScanner::string(std::pmr::memory_resource* memory)
{
    expect('"');
    size_t start = at_;
    at_ += plain_prefix(text_.substr(at_));
    if (peek() == '"')
        return text_.substr(start, at_++ - start);

    auto* text = new (memory->allocate(sizeof(std::pmr::string), alignof(std::pmr::string)))
        std::pmr::string(text_.substr(start, at_ - start), memory);
    for (;;) {
        if (at_ >= text_.size())
            fail("A string is not closed.");
        auto c = static_cast<uint8_t>(text_[at_]);
        if (c == '"') {
            ++at_;
            return *text;
        }
        if (c < 0x20)
            fail("A control character must be escaped, at byte " + std::to_string(at_) + ".");
        if (c == '\\') {
            append_escape(*text);
            continue;
        }
        size_t length = utf8_sequence(text_.substr(at_));
        if (length == 0)
            fail(sqlstate::character_not_in_repertoire,
                 "The text is not UTF-8 at byte " + std::to_string(at_) + ".");
        text->append(text_, at_, length);
        at_ += length;
    }
}

uint32_t JsonScanner::hex4()
{
    uint32_t value = 0;
    if (at_ + 4 <= text_.size()) {
        const char* from = text_.data() + at_;
        auto [end, error] = std::from_chars(from, from + 4, value, 16);
        if (error == std::errc() && end == from + 4) {
            at_ += 4;
            return value;
        }
    }
    fail("\"\\u\" must be followed by four hexadecimal digits, at byte " + std::to_string(at_) +
         ".");
}

void JsonScanner::append_escape(std::pmr::string& to)
{
    ++at_; // the backslash
    char c = peek();
    ++at_;
    switch (c) {
    case '"':
    case '\\':
    case '/':
        to += c;
        return;
    case 'b':
        to += '\b';
        return;
    case 'f':
        to += '\f';
        return;
    case 'n':
        to += '\n';
        return;
    case 'r':
        to += '\r';
        return;
    case 't':
        to += '\t';
        return;
    case 'u':
        break;
    default:
        fail("Unknown escape sequence at byte " + std::to_string(at_ - 2) + ".");
    }
    uint32_t code = hex4();
    if (code == 0)
        fail("\\u0000 cannot be stored as text.");
    if (code >= 0xd800 && code < 0xdc00) {
        uint32_t low = 0;
        if (peek() == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == 'u') {
            at_ += 2;
            low = hex4();
        }
        if (low < 0xdc00 || low > 0xdfff)
            fail("A high surrogate must be followed by a low one.");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        fail("A low surrogate must follow a high one.");
    }
    auto push = [&to](uint32_t byte) { to += static_cast<char>(byte); };
    if (code < 0x80) {
        push(code);
    } else if (code < 0x800) {
        push(0xc0 | code >> 6);
        push(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        push(0xe0 | code >> 12);
        push(0x80 | (code >> 6 & 0x3f));
        push(0x80 | (code & 0x3f));
    } else {
        push(0xf0 | code >> 18);
        push(0x80 | (code >> 12 & 0x3f));
        push(0x80 | (code >> 6 & 0x3f));
        push(0x80 | (code & 0x3f));
    }
}

int64_t JsonScanner::counter()
{
    skip_space();
    size_t start = at_;
    bool negative = peek() == '-';
    at_ += negative;
    size_t first = at_;
    while (peek() >= '0' && peek() <= '9')
        ++at_;
    std::string_view digits = text_.substr(first, at_ - first);
    if (digits.empty())
        fail("Expected a whole number at byte " + std::to_string(start) + ".");
    if (digits.size() > 1 && digits[0] == '0')
        fail("A number must not start with 0, at byte " + std::to_string(start) + ".");
    if (peek() == '.' || peek() == 'e' || peek() == 'E')
        fail("The number at byte " + std::to_string(start) + " is not written as a whole number.");
    int64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (negative && digits != "0")
        fail(sqlstate::numeric_value_out_of_range,
             "The number at byte " + std::to_string(start) + " is negative.");
    if (error != std::errc())
        fail(sqlstate::numeric_value_out_of_range,
             "The number at byte " + std::to_string(start) + " is above 9223372036854775807.");
    return value;
}

} // namespace synckit
