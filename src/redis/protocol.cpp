#include "redis/protocol.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <new>

#include <hiredis/hiredis.h>

#include "base/error.hpp"
#include "redis/printable.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

constexpr size_t max_idle_output =
    1 << 20; // an output buffer above this is given back once it is empty
constexpr size_t max_idle_input = 1 << 16; // likewise for hiredis's input buffer
constexpr size_t max_header_bytes = 24;    // '*' or '$', up to 20 digits, "\r\n"

/*
 * How hiredis builds its replies: as RedisReply objects, the root on the heap, every other in its
 * parent's vector. A vector grows only when its last element is complete, so hiredis never holds a
 * pointer that has moved. Nothing is reserved on a server's word: "*2147483647" costs nothing until
 * the elements come.
 *
 * hiredis is C, so no exception may pass through it: a null pointer tells it that memory has run
 * out, or that the reply has too many elements.
 */
void* place(const redisReadTask* task, RedisReply reply) noexcept
{
    size_t& elements_left = *static_cast<size_t*>(task->privdata);
    if (elements_left == 0)
        return nullptr;
    --elements_left;
    try {
        if (task->parent == nullptr)
            return new RedisReply(std::move(reply));
        return &static_cast<RedisReply*>(task->parent->obj)
                    ->elements()
                    .emplace_back(std::move(reply));
    } catch (...) {
        return nullptr;
    }
}

void* create_string(const redisReadTask* task, char* bytes, size_t n) noexcept
{
    const auto kind = task->type == REDIS_REPLY_ERROR    ? RedisReply::Kind::error
                      : task->type == REDIS_REPLY_STATUS ? RedisReply::Kind::status
                                                         : RedisReply::Kind::string;
    try {
        return place(task, RedisReply::of_text(kind, std::string(bytes, n)));
    } catch (...) {
        return nullptr;
    }
}

void free_reply(void* reply) noexcept
{
    delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions make_reply_functions()
{
    redisReplyObjectFunctions functions{};
    functions.createString = create_string;
    // The count is an int in hiredis 0.14 and a size_t since 1.0.
    functions.createArray = [](const redisReadTask* task, auto) -> void* {
        return place(task, RedisReply::array());
    };
    functions.createInteger = [](const redisReadTask* task, long long value) -> void* {
        return place(task, RedisReply::of_integer(value));
    };
    functions.createNil = [](const redisReadTask* task) -> void* {
        return place(task, RedisReply::nil());
    };
#if HIREDIS_MAJOR >= 1
    // RESP3: never asked for, but a server may send it all the same.
    functions.createDouble = [](const redisReadTask* task, double, char* bytes, size_t n) -> void* {
        return create_string(task, bytes, n);
    };
    functions.createBool = [](const redisReadTask* task, int value) -> void* {
        return place(task, RedisReply::of_integer(value));
    };
#endif
    functions.freeObject = free_reply;
    return functions;
}

void append_header(std::string& output, char type, size_t number)
{
    char header[max_header_bytes];
    header[0] = type;
    char* end = std::to_chars(header + 1, header + sizeof header - 2, number).ptr;
    *end++ = '\r';
    *end++ = '\n';
    output.append(header, end);
}

} // namespace

RedisProtocol::RedisProtocol(size_t max_reply_bytes) : reader_(make_reader())
{
    limit_replies(max_reply_bytes);
}

RedisProtocol::~RedisProtocol() = default;

void RedisProtocol::limit_replies(size_t max_reply_bytes) noexcept
{
    max_reply_bytes_ = std::min(max_reply_bytes, default_max_reply_bytes);
}

void RedisProtocol::FreeReader::operator()(redisReader* reader) const noexcept
{
    redisReaderFree(reader);
}

std::unique_ptr<redisReader, RedisProtocol::FreeReader> RedisProtocol::make_reader()
{
    static redisReplyObjectFunctions functions = make_reply_functions();
    std::unique_ptr<redisReader, FreeReader> reader(redisReaderCreateWithFunctions(&functions));
    if (reader == nullptr)
        throw std::bad_alloc();
    reader->maxbuf = max_idle_input;
    reader->privdata = &elements_left_;
    elements_left_ = max_reply_elements;
    return reader;
}

void RedisProtocol::append_command(std::span<const std::string_view> arguments)
{
    if (arguments.empty())
        throw Error(sqlstate::internal_error, "a Redis command has no words");

    size_t needed = output_.size() + max_header_bytes;
    for (const std::string_view argument : arguments)
        needed += max_header_bytes + argument.size() + 2;
    if (needed > output_.capacity())
        output_.reserve(std::max(needed, 2 * output_.capacity()));

    append_header(output_, '*', arguments.size());
    for (const std::string_view argument : arguments) {
        append_header(output_, '$', argument.size());
        output_.append(argument);
        output_.append("\r\n");
    }
}

void RedisProtocol::append_command(std::initializer_list<std::string_view> arguments)
{
    append_command(std::span(arguments.begin(), arguments.size()));
}

std::string_view RedisProtocol::output() const noexcept
{
    return std::string_view(output_).substr(sent_);
}

void RedisProtocol::consume_output(size_t n) noexcept
{
    sent_ = std::min(sent_ + n, output_.size());
    if (sent_ == output_.size()) {
        if (output_.capacity() > max_idle_output)
            output_ = std::string();
        output_.clear();
        sent_ = 0;
    } else if (sent_ > output_.size() / 2 && sent_ >= max_idle_input) {
        // At most as many bytes are moved as were sent, so each byte pays for one other.
        output_.erase(0, sent_);
        sent_ = 0;
    }
}

void RedisProtocol::feed(const char* bytes, size_t n)
{
    if (n > max_reply_bytes_ - std::min(pending_, max_reply_bytes_))
        throw Error(sqlstate::protocol_violation, "a reply of Redis is too large",
                    "It has more than " + std::to_string(max_reply_bytes_) + " bytes.");
    pending_ += n;
    if (redisReaderFeed(reader_.get(), bytes, n) != REDIS_OK)
        raise_reader_error();
}

std::optional<RedisReply> RedisProtocol::next_reply()
{
    void* root = nullptr;
    if (redisReaderGetReply(reader_.get(), &root) != REDIS_OK)
        raise_reader_error();
    if (root == nullptr)
        return std::nullopt;
    pending_ = reader_->len - reader_->pos;
    elements_left_ = max_reply_elements;
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(root));
    return std::move(*reply);
}

void RedisProtocol::raise_reader_error() const
{
    if (reader_->err == REDIS_ERR_OOM && elements_left_ == 0)
        throw Error(sqlstate::protocol_violation, "a reply of Redis is too large",
                    "It has more than " + std::to_string(max_reply_elements) + " elements.");
    if (reader_->err == REDIS_ERR_OOM)
        throw std::bad_alloc();
    throw Error(
        sqlstate::protocol_violation, "what Redis answered is not the Redis protocol",
        printable(reader_->errstr) + ".",
        "Is there a Redis server at this address, and does it expect TLS (rediss://) or not?");
}

void RedisProtocol::reset()
{
    reader_ = make_reader();
    pending_ = 0;
    output_ = std::string();
    sent_ = 0;
}

} // namespace synckit
