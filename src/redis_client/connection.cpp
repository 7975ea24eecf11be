#include "redis_client/connection.hpp"

#include <array>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include "base/error.hpp"
#include "redis/sqlstates.hpp"
#include "redis/topology.hpp"
#include "redis_client/resolver.hpp"

namespace synckit {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/* There was no server to talk to. */
struct Unreached : Error {
    using Error::Error;
};

/*
 * Tries one after the other until one succeeds. If none does, the last error counts, but what a
 * server had to say tells more than that there was none.
 */
template <class List, class Try>
void first_of(const List& list, Try attempt)
{
    std::optional<Error> answered;
    std::optional<Unreached> unreached;
    for (const auto& one : list) {
        try {
            attempt(one);
            return;
        } catch (const Unreached& error) {
            unreached = error;
        } catch (const Error& error) {
            answered = error;
        }
    }
    if (answered)
        throw *answered;
    throw *unreached;
}

} // namespace

RedisConnection::RedisConnection(const RedisAccess& access, Clock::duration timeout)
    : access_(access), timeout_(timeout), socket_(io_)
{
    const RedisUrl& url = access_.url;
    if (!url.has_sentinels()) {
        first_of(url.hosts, [&](const RedisHost& host) {
            connect(host, [&](auto deadline) { introduce(url, deadline); });
        });
        return;
    }
    first_of(url.hosts, [&](const RedisHost& sentinel) {
        RedisHost primary;
        connect(sentinel, [&](auto deadline) { primary = ask_sentinel(deadline); });
        connect(primary, [&](auto deadline) { require_primary(introduce(url, deadline)); });
    });
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

/* Reaches the host at one of its addresses, and is greeted there. */
template <class Greet>
void RedisConnection::connect(const RedisHost& host, Greet greet)
{
    const bool is_unix = access_.url.is_unix();
    const std::string where = is_unix ? access_.url.display() : host.display();
    try {
        first_of(resolve(host), [&](const Protocol::endpoint& endpoint) {
            const auto deadline = Clock::now() + timeout_;
            open(endpoint, host, deadline);
            greet(deadline);
            host_ = host;
        });
    } catch (const Unreached& error) {
        throw Unreached(error.sqlstate(), "Redis at " + where + ": " + error.message(),
                        error.detail(), error.hint());
    } catch (const Error& error) {
        throw Error(error.sqlstate(), "Redis at " + where + ": " + error.message(), error.detail(),
                    error.hint());
    }
}

std::vector<RedisConnection::Protocol::endpoint> RedisConnection::resolve(const RedisHost& host)
{
    if (access_.url.is_unix())
        return {asio::local::stream_protocol::endpoint(access_.url.unix_path)};

    const HostAddresses found = find_host(host, Clock::now() + timeout_);
    if (!found.addresses)
        throw Unreached(sqlstate::cannot_connect, "cannot find the host", found.error + ".");
    std::vector<Protocol::endpoint> endpoints;
    for (const addrinfo* one = found.addresses.get(); one != nullptr; one = one->ai_next)
        endpoints.emplace_back(one->ai_addr, one->ai_addrlen, one->ai_protocol);
    return endpoints;
}

void RedisConnection::open(const Protocol::endpoint& endpoint, const RedisHost& host,
                           Clock::time_point deadline)
{
    if (access_.url.tls)
        wire_.open(access_.tls, host.name);
    else
        wire_.open();
    error_code ignored;
    socket_.close(ignored);
    const error_code error =
        await(deadline, [&](auto done) { socket_.async_connect(endpoint, done); });
    if (error)
        throw Unreached(sqlstate::cannot_connect, "cannot connect", error.message() + ".",
                        "Is Redis running there?");
    if (!access_.url.is_unix())
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored); // of no consequence if refused
}

RedisServer RedisConnection::introduce(const RedisUrl& url, Clock::time_point deadline)
{
    RedisHandshake handshake(wire_.protocol(), url);
    while (!handshake.done())
        handshake.take(await_reply(deadline));
    return handshake.server();
}

/* The primary. A Sentinel that demands a password gets that of the Redis servers. */
RedisHost RedisConnection::ask_sentinel(Clock::time_point deadline)
{
    const auto ask = [&] {
        append_primary_query(wire_.protocol(), access_.url.sentinel_name);
        return await_reply(deadline);
    };
    RedisReply reply = ask();
    if (reply.is_error() && reply.text().starts_with("NOAUTH") && access_.url.has_password()) {
        RedisUrl as_sentinel = access_.url;
        as_sentinel.database = 0; // it has none
        introduce(as_sentinel, deadline);
        reply = ask();
    }
    return parse_primary(reply);
}

RedisReply RedisConnection::await_reply(Clock::time_point deadline)
{
    auto reply = receive_until(deadline);
    if (!reply)
        throw Error(sqlstate::cannot_connect, "no answer");
    return std::move(*reply);
}

void RedisConnection::send(std::span<const std::string_view> words)
{
    wire_.protocol().append_command(words);
    flush(Clock::now() + timeout_);
}

void RedisConnection::send(std::initializer_list<std::string_view> words)
{
    send(std::span(words.begin(), words.size()));
}

void RedisConnection::flush(Clock::time_point deadline)
{
    for (;;) {
        const std::string_view output = wire_.output();
        if (output.empty())
            return;
        const error_code error = await(
            deadline, [&](auto done) { asio::async_write(socket_, asio::buffer(output), done); });
        if (error)
            throw Error(sqlstate::connection_failure, "lost the connection to Redis",
                        error.message() + ".");
        wire_.consume_output(output.size());
    }
}

std::optional<RedisReply> RedisConnection::receive(Clock::duration wait)
{
    return receive_until(Clock::now() + wait);
}

std::optional<RedisReply> RedisConnection::receive_until(Clock::time_point deadline)
{
    std::array<char, 1 << 16> bytes;
    for (;;) {
        if (auto reply = wire_.next_reply())
            return reply;
        if (wire_.ended())
            throw Error(sqlstate::connection_failure, "Redis closed the connection");
        flush(Clock::now() + timeout_);
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
        wire_.feed(bytes.data(), received);
    }
}

} // namespace synckit
