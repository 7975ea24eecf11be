#include "redis_client/connection.hpp"

#include <array>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include "base/error.hpp"
#include "redis/handshake.hpp"
#include "redis/sqlstates.hpp"

namespace synckit {

namespace asio = boost::asio;
using boost::system::error_code;

RedisConnection::RedisConnection(const RedisUrl& url, Clock::duration timeout)
    : url_(url), timeout_(timeout), socket_(io_)
{
    if (url_.tls)
        throw Error(sqlstate::feature_not_supported, "TLS to Redis is not supported yet",
                    "The URL is " + url_.display() + ".",
                    "Use redis:// or a unix socket, or put a TLS proxy between.");
    const auto deadline = Clock::now() + timeout_;
    connect(deadline);
    introduce(deadline);
}

template <class Start>
error_code RedisConnection::await(Clock::time_point deadline, Start start)
{
    std::optional<error_code> result;
    start([&](error_code error, auto&&...) { result = error; });
    io_.restart();
    io_.run_until(deadline);
    if (!result) {
        // Cancelled, the operation still ends by calling its handler, which refers to this frame.
        error_code ignored;
        socket_.cancel(ignored);
        io_.run();
    }
    return result == asio::error::operation_aborted ? asio::error::timed_out : *result;
}

std::vector<RedisConnection::Protocol::endpoint>
RedisConnection::resolve(Clock::time_point deadline)
{
    if (url_.is_unix())
        return {asio::local::stream_protocol::endpoint(url_.unix_path)};

    asio::ip::tcp::resolver resolver(io_);
    std::vector<Protocol::endpoint> endpoints;
    const error_code error = await(deadline, [&](auto done) {
        resolver.async_resolve(url_.host, std::to_string(url_.port),
                               [&, done](error_code e, auto results) mutable {
                                   for (const auto& entry : results)
                                       endpoints.emplace_back(entry.endpoint());
                                   done(e);
                               });
    });
    if (error)
        throw Error(sqlstate::cannot_connect, "cannot find Redis at " + url_.display(),
                    error.message() + ".");
    return endpoints;
}

void RedisConnection::connect(Clock::time_point deadline)
{
    error_code error = asio::error::host_not_found;
    for (const Protocol::endpoint& endpoint : resolve(deadline)) {
        error_code ignored;
        socket_.close(ignored);
        error = await(deadline, [&](auto done) { socket_.async_connect(endpoint, done); });
        if (!error)
            break;
    }
    if (error)
        throw Error(sqlstate::cannot_connect, "cannot connect to Redis at " + url_.display(),
                    error.message() + ".", "Is Redis running there?");
    if (!url_.is_unix())
        socket_.set_option(asio::ip::tcp::no_delay(true), error); // of no consequence if refused
}

void RedisConnection::introduce(Clock::time_point deadline)
{
    const size_t replies = append_handshake(protocol_, url_);
    flush();
    for (size_t left = replies; left > 0; --left) {
        const auto reply = receive_until(deadline);
        if (!reply)
            throw Error(sqlstate::cannot_connect,
                        "Redis at " + url_.display() + " does not answer");
        check_handshake_reply(*reply, url_, left);
    }
}

void RedisConnection::send(std::span<const std::string_view> words)
{
    protocol_.append_command(words);
    flush();
}

void RedisConnection::send(std::initializer_list<std::string_view> words)
{
    send(std::span(words.begin(), words.size()));
}

void RedisConnection::flush()
{
    const std::string_view output = protocol_.output();
    const error_code error = await(Clock::now() + timeout_, [&](auto done) {
        asio::async_write(socket_, asio::buffer(output), done);
    });
    if (error)
        throw Error(sqlstate::connection_failure, "lost the connection to Redis",
                    error.message() + ".");
    protocol_.consume_output(output.size());
}

std::optional<RedisReply> RedisConnection::receive(Clock::duration wait)
{
    return receive_until(Clock::now() + wait);
}

std::optional<RedisReply> RedisConnection::receive_until(Clock::time_point deadline)
{
    std::array<char, 1 << 16> bytes;
    for (;;) {
        if (auto reply = protocol_.next_reply())
            return reply;
        size_t received = 0;
        const error_code error = await(deadline, [&](auto done) {
            socket_.async_read_some(asio::buffer(bytes), [&, done](error_code e, size_t n) mutable {
                received = n;
                done(e);
            });
        });
        if (error == asio::error::timed_out)
            return std::nullopt;
        if (error)
            throw Error(sqlstate::connection_failure, "lost the connection to Redis",
                        error.message() + ".");
        protocol_.feed(bytes.data(), received);
    }
}

} // namespace synckit
