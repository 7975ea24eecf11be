#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "redis/reply.hpp"

struct redisReader;

namespace synckit {

/*
 * The Redis protocol without I/O: commands become bytes to send, bytes received become replies. Who
 * owns the socket moves the bytes, be it with WaitEventSet, Asio or, in a test, by hand.
 *
 * After an Error nothing more comes of the connection: close it, and reset() for the next.
 */
class RedisProtocol {
  public:
    static constexpr size_t default_max_reply_bytes = size_t{1} << 30;
    /* One reply has so many elements at most, those within others included: a few bytes each on the
     * wire, they take many times that in memory. */
    static constexpr size_t max_reply_elements = size_t{1} << 20;

    /*
     * `max_reply_bytes` bounds what a server can make us hold: one reply that is larger, or that
     * many bytes fed without next_reply() being drained, is an Error. At most 1 GiB, which is more
     * than Redis sends by default (proto-max-bulk-len, 512 MB) and as much as hiredis can count.
     */
    explicit RedisProtocol(size_t max_reply_bytes = default_max_reply_bytes);
    ~RedisProtocol();
    RedisProtocol(const RedisProtocol&) = delete;
    RedisProtocol& operator=(const RedisProtocol&) = delete;

    /* Another bound, from now on; of the constructor's kind. */
    void limit_replies(size_t max_reply_bytes) noexcept;

    /* Appends one command; the arguments may hold any bytes. All or nothing if memory ends. */
    void append_command(std::span<const std::string_view> arguments);
    void append_command(std::initializer_list<std::string_view> arguments);

    /* What is to be sent, valid until the next call that is not const. */
    std::string_view output() const noexcept;
    /* The first `n` bytes of it were sent. */
    void consume_output(size_t n) noexcept;

    /* Takes received bytes, in pieces of any size. */
    void feed(const char* bytes, size_t n);
    /* The next complete reply, or nothing until more is fed. */
    std::optional<RedisReply> next_reply();

    /* As new, for a new connection. */
    void reset();

  private:
    struct FreeReader {
        void operator()(redisReader* reader) const noexcept;
    };

    std::unique_ptr<redisReader, FreeReader> make_reader();
    [[noreturn]] void raise_reader_error() const;

    size_t max_reply_bytes_ = 0;
    size_t pending_ = 0;                        // bytes fed since the last complete reply ended
    size_t elements_left_ = max_reply_elements; // of the reply that is being read
    std::string output_;
    size_t sent_ = 0; // how much of output_ is gone already
    std::unique_ptr<redisReader, FreeReader> reader_;
};

} // namespace synckit
