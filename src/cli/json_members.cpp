#include "cli/json_members.hpp"

#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace synckit {
namespace {

/* Walks over JSON and checks its grammar, without making anything of it. Each step says whether all
 * is well. */
class JsonWalker {
  public:
    explicit JsonWalker(std::string_view text) : text_(text) {}

    /* `on_member(key, value)`: the member's raw key, without quotes, and raw value. */
    template <class OnMember>
    bool object(OnMember on_member)
    {
        return sequence('{', '}', [&] {
            const size_t key = at_;
            if (!string())
                return false;
            const size_t key_end = at_;
            skip_space();
            if (!take(':'))
                return false;
            skip_space();
            const size_t begin = at_;
            if (!value())
                return false;
            on_member(text_.substr(key + 1, key_end - key - 2), text_.substr(begin, at_ - begin));
            return true;
        });
    }

    void skip_space()
    {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos)
            ++at_;
    }

    bool at_end() const { return at_ == text_.size(); }

  private:
    static constexpr int max_depth = 2000; // recursion needs stack, and the text is a stranger's

    char peek() const { return at_end() ? '\0' : text_[at_]; }

    bool take(char c)
    {
        if (peek() != c || at_end())
            return false;
        ++at_;
        return true;
    }

    bool take(std::string_view word)
    {
        if (!text_.substr(at_).starts_with(word))
            return false;
        at_ += word.size();
        return true;
    }

    bool value()
    {
        switch (peek()) {
        case '{':
            return object([](auto, auto) {});
        case '[':
            return sequence('[', ']', [&] { return value(); });
        case '"':
            return string();
        case 't':
            return take("true");
        case 'f':
            return take("false");
        case 'n':
            return take("null");
        default:
            return number();
        }
    }

    template <class Item>
    bool sequence(char open, char close, Item item)
    {
        if (!take(open) || ++depth_ > max_depth)
            return false;
        skip_space();
        if (!take(close)) {
            do {
                skip_space();
                if (!item())
                    return false;
                skip_space();
            } while (take(','));
            if (!take(close))
                return false;
        }
        --depth_;
        return true;
    }

    bool string()
    {
        if (!take('"'))
            return false;
        while (!at_end() && peek() != '"') {
            if (static_cast<unsigned char>(peek()) < 0x20)
                return false;
            if (take('\\')) {
                if (!take('u')) {
                    if (at_end() || std::string_view("\"\\/bfnrt").find(peek()) == text_.npos)
                        return false;
                    ++at_;
                } else if (!hex_digits(4)) {
                    return false;
                }
                continue;
            }
            const size_t length = utf8_sequence(text_.substr(at_));
            if (length == 0)
                return false;
            at_ += length;
        }
        return take('"');
    }

    bool hex_digits(int n)
    {
        for (; n > 0; --n, ++at_)
            if (at_end() || !std::isxdigit(static_cast<unsigned char>(peek())))
                return false;
        return true;
    }

    bool digits()
    {
        const size_t begin = at_;
        while (peek() >= '0' && peek() <= '9')
            ++at_;
        return at_ > begin;
    }

    bool number()
    {
        take('-');
        if (!take('0') && !digits())
            return false;
        if (take('.') && !digits())
            return false;
        if (take('e') || take('E')) {
            if (!take('+'))
                take('-');
            return digits();
        }
        return true;
    }

    std::string_view text_;
    size_t at_ = 0;
    int depth_ = 0;
};

} // namespace

std::optional<JsonMembers> JsonMembers::of(std::string_view text)
{
    JsonMembers result;
    JsonWalker walker(text);
    walker.skip_space();
    const bool good = walker.object([&](std::string_view key, std::string_view value) {
        result.members_.emplace_back(key, value);
    });
    walker.skip_space();
    if (!good || !walker.at_end())
        return std::nullopt;
    return result;
}

const std::string_view* JsonMembers::find(std::string_view key) const
{
    for (const auto& [name, value] : members_)
        if (name == key)
            return &value;
    return nullptr;
}

std::string_view JsonMembers::raw(std::string_view key, std::string_view otherwise) const
{
    const std::string_view* value = find(key);
    return value != nullptr ? *value : otherwise;
}

std::string JsonMembers::text(std::string_view key) const
{
    const std::string_view value = raw(key, "null");
    if (value == "null")
        return {};
    if (!value.starts_with('"'))
        return std::string(value);
    // Only a lone surrogate can make this fail: it has no text, so the escape stands for itself.
    const auto decoded = nlohmann::json::parse(value, nullptr, false);
    return decoded.is_string() ? decoded.get<std::string>() : std::string(value);
}

} // namespace synckit
