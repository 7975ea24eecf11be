#pragma once

#include <string>
#include <utility>
#include <vector>

namespace synckit {

/* An answer of Redis, as a value. An error that Redis reports is an answer like any other. */
class RedisReply {
  public:
    enum class Kind { status, error, integer, nil, string, array };

    static RedisReply of_text(Kind kind, std::string text)
    {
        RedisReply reply(kind);
        reply.text_ = std::move(text);
        return reply;
    }
    static RedisReply of_integer(long long value)
    {
        RedisReply reply(Kind::integer);
        reply.integer_ = value;
        return reply;
    }
    static RedisReply nil() { return RedisReply(Kind::nil); }
    static RedisReply array() { return RedisReply(Kind::array); }

    Kind kind() const noexcept { return kind_; }
    bool is_error() const noexcept { return kind_ == Kind::error; }

    /* Of a status, an error or a string; empty otherwise. May hold any bytes. */
    const std::string& text() const noexcept { return text_; }
    /* Of an integer; 0 otherwise. */
    long long integer() const noexcept { return integer_; }
    /* Of an array; empty otherwise. */
    const std::vector<RedisReply>& elements() const noexcept { return elements_; }
    std::vector<RedisReply>& elements() noexcept { return elements_; }

    bool operator==(const RedisReply&) const = default;

  private:
    explicit RedisReply(Kind kind) : kind_(kind) {}

    Kind kind_;
    long long integer_ = 0;
    std::string text_;
    std::vector<RedisReply> elements_;
};

} // namespace synckit
