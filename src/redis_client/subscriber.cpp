#include "redis_client/subscriber.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "redis/printable.hpp"
#include "redis/sqlstates.hpp"
#include "redis/topology.hpp"

namespace synckit {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_timeout = 5s;
constexpr auto first_pause = 100ms;
constexpr auto longest_pause = 5s;
constexpr int most_moves = 5; // so often a slot that moves is followed at once
// A connection can die without a word. Silent for so long, Redis is asked; silent still, it is
// given up.
constexpr auto ping_after = 15s;
constexpr auto dead_after = 25s;

[[noreturn]] void raise_refusal(const RedisReply& reply)
{
    throw Error(reply.text().starts_with("NOPERM") ? sqlstate::invalid_authorization
                                                   : sqlstate::connection_rejected,
                "Redis refused the subscription", "Redis says: " + printable(reply.text(), 300),
                reply.text().starts_with("CROSSSLOT")
                    ? "Sharded channels of several slots take a subscriber for each."
                    : "");
}

} // namespace

std::string escape_pattern(std::string_view text)
{
    std::string result;
    for (const char c : text) {
        if (std::string_view("*?[]\\").find(c) != std::string_view::npos)
            result += '\\';
        result += c;
    }
    return result;
}

RedisSubscriber::RedisSubscriber(RedisAccess access, RedisTopics topics)
    : access_(std::move(access)), topics_(std::move(topics))
{
}

void RedisSubscriber::subscribe()
{
    open();
}

std::optional<RedisMessage> RedisSubscriber::next(Clock::duration wait)
{
    const auto deadline = Clock::now() + wait;
    do {
        if (!connection_ && !reopen(deadline))
            return std::nullopt;
        try {
            if (auto message = receive(deadline))
                return message;
        } catch (const Error& error) {
            lose(error);
        }
    } while (Clock::now() < deadline);
    return std::nullopt;
}

void RedisSubscriber::open()
{
    RedisAccess access = access_;
    auto connection = std::make_unique<RedisConnection>(access, connect_timeout);
    for (int moves = 0; const auto elsewhere = subscribe_at(*connection); ++moves) {
        if (moves == most_moves)
            throw Error(sqlstate::cannot_connect, "the Redis Cluster moves its slots");
        access.url.hosts = {*elsewhere};
        access.url.unix_path.clear();
        access.url.sentinel_name.clear();
        connection = std::make_unique<RedisConnection>(access, connect_timeout);
    }
    connection_ = std::move(connection);
    last_heard_ = opened_at_ = Clock::now();
    pinged_ = false;
}

/* Returns the node of a cluster that is to be asked instead, if there is one. */
std::optional<RedisHost> RedisSubscriber::subscribe_at(RedisConnection& connection)
{
    const auto subscribe_to = [&](std::string_view command, const std::vector<std::string>& names) {
        if (names.empty())
            return;
        std::vector<std::string_view> words = {command};
        words.insert(words.end(), names.begin(), names.end());
        connection.send(words);
    };
    subscribe_to(topics_.sharded ? "SSUBSCRIBE" : "SUBSCRIBE", topics_.channels);
    subscribe_to("PSUBSCRIBE", topics_.patterns);

    const auto deadline = Clock::now() + connect_timeout;
    for (size_t left = topics_.channels.size() + topics_.patterns.size(); left > 0;) {
        auto reply = connection.receive(deadline - Clock::now());
        if (!reply)
            throw Error(sqlstate::cannot_connect, "Redis does not confirm the subscription");
        if (auto moved = reply->is_error() ? parse_moved(reply->text()) : std::nullopt) {
            if (moved->to.name.empty())
                moved->to.name = connection.host().name;
            return moved->to;
        }
        if (auto message = to_message(*reply))
            early_.push_back(std::move(*message));
        else
            --left;
    }
    return std::nullopt;
}

/* Waits for the time of the next attempt and makes it; false if there is none before the deadline,
 * or it failed. */
bool RedisSubscriber::reopen(Clock::time_point deadline)
{
    std::this_thread::sleep_until(std::min(retry_at_, deadline));
    if (Clock::now() < retry_at_)
        return false;
    try {
        open();
    } catch (const Error&) {
        pause_ = std::min<Clock::duration>(pause_ * 2, longest_pause);
        retry_at_ = Clock::now() + pause_;
        return false;
    }
    if (on_restored)
        on_restored();
    return true;
}

/* A server that lets us in only to end the connection is asked no more often than one that is away.
 */
void RedisSubscriber::lose(const Error& error)
{
    connection_.reset();
    const bool stood = Clock::now() > opened_at_ + longest_pause;
    pause_ =
        stood ? first_pause : std::clamp<Clock::duration>(pause_ * 2, first_pause, longest_pause);
    retry_at_ = Clock::now() + pause_;
    if (on_lost)
        on_lost(error);
}

std::optional<RedisMessage> RedisSubscriber::receive(Clock::time_point deadline)
{
    if (!early_.empty()) {
        RedisMessage message = std::move(early_.front());
        early_.pop_front();
        return message;
    }
    const auto patience = last_heard_ + (pinged_ ? dead_after : ping_after);
    if (auto reply = connection_->receive(std::min(deadline, patience) - Clock::now())) {
        last_heard_ = Clock::now();
        pinged_ = false;
        return to_message(*reply);
    }
    if (Clock::now() >= patience) {
        if (pinged_)
            throw Error(sqlstate::connection_failure, "Redis does not answer any more");
        connection_->send({"PING"});
        pinged_ = true;
    }
    return std::nullopt;
}

/* Nothing for what is not a message: a confirmation, a pong. */
std::optional<RedisMessage> RedisSubscriber::to_message(RedisReply& reply)
{
    if (reply.is_error())
        raise_refusal(reply);
    auto& parts = reply.elements();
    // Unasked: the slot has moved.
    if (!parts.empty() && parts[0].text() == "sunsubscribe")
        throw Error(sqlstate::connection_failure,
                    "the channel has moved to another node of the Redis Cluster");
    const bool plain =
        parts.size() == 3 && (parts[0].text() == "message" || parts[0].text() == "smessage");
    const bool by_pattern = parts.size() == 4 && parts[0].text() == "pmessage";
    if (!plain && !by_pattern)
        return std::nullopt;
    return RedisMessage{parts[parts.size() - 2].text(), parts[parts.size() - 1].text()};
}

} // namespace synckit
