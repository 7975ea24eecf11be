#include "bgworker/redis/redis_link.hpp"

#include <algorithm>

#include "postgres/settings.hpp"

#include "base/utf8.hpp"
#include "redis/private_file.hpp"
#include "redis/reply_error.hpp"
#include "redis/sqlstates.hpp"

namespace synckit {

namespace {

constexpr uint32_t role_reply = UINT32_MAX; // in place of a message's number

/* So often messages follow slots that move, before it is time for a pause. */
constexpr int most_moves = 5;

} // namespace

RedisLink* RedisLink::create()
{
    RedisLink* link = nullptr;
    run_pure([&] { link = new RedisLink(); });
    return link;
}

bool RedisLink::fail(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    failure_ = {};
    failure_.set_list(format, arguments);
    va_end(arguments);
    close();
    return false;
}

/* Names the server where there is a choice of them. */
bool RedisLink::fail(const RedisFailure& failure, const RedisHost& host)
{
    RedisFailure told = failure;
    char server[300] = "";
    CaughtError caught;
    if (url_.hosts.size() > 1 || url_.has_sentinels() || slots_)
        try_pure(caught, [&] { strlcpy(server, host.display().c_str(), sizeof server); });
    fail(server[0] ? "%s: %s" : "%s%s", server, told.message);
    failure_.set_hint(told.hint);
    failure_.reached = told.reached;
    return false;
}

void RedisLink::close()
{
    if (events_)
        FreeWaitEventSet(events_);
    events_ = nullptr;
    nodes_.clear();
    slots_.reset();
    sentinel_.close();
    connected_ = false;
    forget_messages();
}

bool RedisLink::is_current() const
{
    return configured_.url == settings::redis_url &&
           configured_.password_file == settings::redis_password_file &&
           configured_.tls.ca_file == settings::redis_ca_file &&
           configured_.tls.cert_file == settings::redis_cert_file &&
           configured_.tls.key_file == settings::redis_key_file &&
           configured_.tls.insecure == settings::redis_tls_insecure &&
           configured_.sharded == settings::redis_sharded;
}

bool RedisLink::configure()
{
    CaughtError caught;
    if (try_pure(caught, [&] {
            configured_ = {.url = settings::redis_url,
                           .password_file = settings::redis_password_file,
                           .tls = {.ca_file = settings::redis_ca_file,
                                   .cert_file = settings::redis_cert_file,
                                   .key_file = settings::redis_key_file,
                                   .insecure = settings::redis_tls_insecure},
                           .sharded = settings::redis_sharded};
            url_ = parse_redis_url(configured_.url);
            strlcpy(address_, url_.display().c_str(), sizeof address_);
            if (!configured_.password_file.empty())
                url_.password =
                    read_password_file(configured_.password_file, "redis_password_file");
            sentinel_url_ = url_;
            sentinel_url_.database = 0;
        }))
        return true;
    fail(caught.detail[0] ? "%s: %s" : "%s%s", caught.message, caught.detail);
    failure_.set_hint(caught.hint);
    return false;
}

bool RedisLink::connect()
{
    close();
    if (!configure() || !connect_to_first_that_serves())
        return false;
    if (configured_.sharded && nodes_[0]->socket.server().is_cluster && !connect_to_cluster())
        return false;
    watch_nodes();
    connected_ = true;
    bool insecure = url_.tls && configured_.tls.insecure;
    if (insecure && !insecure_)
        ereport(LOG, (errmsg("synckit: the certificate of Redis at %s is not verified", address_),
                      errhint("Set synckit.redis_tls_insecure to off.")));
    insecure_ = insecure;
    return true;
}

bool RedisLink::connect_to_first_that_serves()
{
    RedisFailure failure;
    for (size_t i = 0; i < url_.hosts.size(); ++i) {
        size_t place = (first_host_ + i) % url_.hosts.size();
        const RedisHost& host = url_.hosts[place];
        if (!url_.has_sentinels() || ask_sentinel(host)) {
            run_pure([&] { nodes_.push_back(std::make_unique<Node>()); });
            if (connect_to(*nodes_[0], url_.has_sentinels() ? primary_ : host)) {
                first_host_ = place;
                return true;
            }
        }
        failure.prefer(failure_);
    }
    failure_ = failure;
    return false;
}

bool RedisLink::connect_to(Node& node, const RedisHost& host)
{
    run_pure([&] { node.host = host; });
    return node.socket.connect(url_, configured_.tls, host, [&] {
        return node.socket.introduce(url_) &&
               node.socket.pure([&] { require_primary(node.socket.server()); });
    }) || fail(node.socket.failure(), host);
}

/* Sets primary_. A Sentinel that demands a password gets that of the Redis servers. */
bool RedisLink::ask_sentinel(const RedisHost& host)
{
    auto ask = [&] {
        bool demands_password = false;
        if (!sentinel_.pure(
                [&] { append_primary_query(sentinel_.wire().protocol(), url_.sentinel_name); }) ||
            !sentinel_.converse([&](const RedisReply& reply) {
                demands_password =
                    reply.is_error() && reply.text().starts_with("NOAUTH") && url_.has_password();
                if (!demands_password)
                    primary_ = parse_primary(reply);
                return true;
            }))
            return false;
        return !demands_password || (sentinel_.introduce(sentinel_url_) && sentinel_.pure([&] {
            append_primary_query(sentinel_.wire().protocol(), url_.sentinel_name);
        }) && sentinel_.converse([&](const RedisReply& reply) {
            primary_ = parse_primary(reply);
            return true;
        }));
    };
    bool knows = sentinel_.connect(url_, configured_.tls, host, ask);
    sentinel_.close();
    return knows || fail(sentinel_.failure(), host);
}

/* Any node knows all others. The connection is for this question alone. */
bool RedisLink::connect_to_cluster()
{
    Node& any = *nodes_[0];
    if (!any.socket.pure([&] { SlotMap::append_query(any.socket.wire().protocol()); }) ||
        !any.socket.converse([&](const RedisReply& reply) {
            slots_ = SlotMap::parse(reply, any.host);
            return true;
        }))
        return fail(any.socket.failure(), any.host);
    nodes_.clear();
    url_.unix_path.clear(); // each node is where the cluster says
    return connect_to_new_nodes();
}

bool RedisLink::connect_to_new_nodes()
{
    while (nodes_.size() < slots_->primaries().size()) {
        run_pure([&] { nodes_.push_back(std::make_unique<Node>()); });
        if (!connect_to(*nodes_.back(), slots_->primaries()[nodes_.size() - 1]))
            return false;
    }
    watch_nodes();
    return true;
}

void RedisLink::watch_nodes()
{
    if (events_)
        FreeWaitEventSet(events_);
    events_ = create_wait_set(static_cast<int>(nodes_.size()));
    for (auto& node : nodes_)
        AddWaitEventToSet(events_, WL_SOCKET_READABLE, node->socket.socket(), nullptr, nullptr);
}

/* Nothing is due, so all that there should be to read is what TLS has to say to itself. */
bool RedisLink::check()
{
    for (auto& node : nodes_) {
        bool silent = node->socket.move_bytes() && node->socket.pure([&] {
            if (node->socket.wire().next_reply())
                throw Error(sqlstate::protocol_violation, "Redis answered what was not asked");
        });
        if (!silent)
            return fail(node->socket.failure(), node->host);
    }
    return true;
}

void RedisLink::publish(std::string_view channel, std::string_view message)
{
    if (slots_) {
        kept_.push_back({slot_of(channel), std::string(channel), std::string(message)});
        kept_bytes_ += channel.size() + message.size();
    } else {
        Node& node = *nodes_[0];
        node.awaited.push_back(count_);
        node.socket.wire().protocol().append_command(
            {configured_.sharded ? "SPUBLISH" : "PUBLISH", channel, message});
    }
    ++count_;
}

size_t RedisLink::queued_bytes() const
{
    return slots_ || nodes_.empty() ? kept_bytes_
                                    : nodes_[0]->socket.wire().protocol().output().size();
}

void RedisLink::discard()
{
    forget_messages();
    for (auto& node : nodes_)
        run_pure([&] { node->socket.wire().protocol().reset(); });
}

void RedisLink::forget_messages()
{
    count_ = 0;
    kept_.clear();
    kept_bytes_ = 0;
    rests_.clear();
    alone_.clear();
    for (auto& node : nodes_) {
        node->awaited.clear();
        node->answered = 0;
    }
}

RedisLink::Outcome RedisLink::exchange()
{
    Assert(connected_);
    refusals_.clear();
    ask_for_role();
    if (slots_)
        route_messages();
    for (int moves = 0; await_replies();) {
        if (rests_.empty()) {
            forget_messages();
            if (refusals_.empty())
                return Outcome::accepted;
            sort_refusals();
            failure_.set("%s", refusals_[0].error);
            failure_.set_hint(refusals_[0].hint);
            return Outcome::refused;
        }
        bool moved = std::ranges::any_of(rests_, [](auto& rest) { return !rest.second.found; });
        if (moved && moves++ == most_moves) {
            fail("the Redis Cluster moves its slots");
            break;
        }
        if (!connect_to_new_nodes())
            break;
        route_rests();
    }
    sort_refusals();
    return Outcome::lost;
}

/* Each node has answered in order, but one before the other. */
void RedisLink::sort_refusals()
{
    std::sort(
        refusals_.begin(), refusals_.end(),
        [](const RefusedMessage& a, const RefusedMessage& b) { return a.message < b.message; });
}

/* Behind the messages, whether who took them is a primary still: one that was turned into a replica
 * goes on taking messages, which subscribers of its new primary do not hear. Then the exchange
 * fails, and they go to whoever is primary. */
void RedisLink::ask_for_role()
{
    Node& node = *nodes_[0];
    const RedisServer& server = node.socket.server();
    if (server.is_cluster || server.role_command == RoleCommand::none)
        return;
    run_pure([&] {
        node.awaited.push_back(role_reply);
        append_role_query(node.socket.wire().protocol(), server.role_command);
    });
}

/* Hands each node the messages of its slots. */
void RedisLink::route_messages()
{
    run_pure([&] {
        for (uint32_t message = 0; message < kept_.size(); ++message)
            send_to_node(message);
    });
}

/*
 * Hands on what the slots that have moved still owe. Of each, the first that was not taken goes
 * alone until somebody takes it: while the nodes do not agree, one that sends it on may take those
 * behind it a moment later, before it. What a node had taken behind one that it sent on comes
 * again, in order.
 */
void RedisLink::route_rests()
{
    run_pure([&] {
        auto rest_of = [&](size_t message) {
            auto rest = rests_.find(kept_[message].slot);
            return rest != rests_.end() && message >= rest->second.from ? rest : rests_.end();
        };
        std::erase_if(refusals_,
                      [&](const RefusedMessage& r) { return rest_of(r.message) != rests_.end(); });
        for (uint32_t message = 0; message < kept_.size() && !rests_.empty(); ++message) {
            auto rest = rest_of(message);
            if (rest == rests_.end())
                continue;
            send_to_node(message);
            if (!rest->second.found) {
                alone_.insert(message);
                rests_.erase(rest);
            }
        }
        rests_.clear();
    });
}

/* Pure code: throws. */
void RedisLink::send_to_node(uint32_t message)
{
    const Message& kept = kept_[message];
    uint16_t primary = slots_->primary_of(kept.slot);
    if (primary == SlotMap::nobody)
        primary = 0; // which says where it is, or that the cluster is down
    Node& node = *nodes_[primary];
    node.awaited.push_back(message);
    node.socket.wire().protocol().append_command({"SPUBLISH", kept.channel, kept.body});
}

/* Moves bytes until every reply is there. What counts as a sign of life is a whole reply, or that
 * something could be sent: not the pieces of a reply that does not end. */
bool RedisLink::await_replies()
{
    TimestampTz deadline = in_ms(redis_timeout_ms);
    for (;;) {
        bool progress = false, due = false;
        for (auto& node : nodes_) {
            RedisSocket& socket = node->socket;
            bool stands = socket.move_bytes();
            /* What came before the end may say why. */
            bool good = socket.pure([&] {
                while (auto reply = socket.wire().next_reply()) {
                    take_reply(*reply, *node);
                    progress = true;
                }
            });
            if (!good || !stands)
                return fail(socket.failure(), node->host);
            progress |= socket.has_sent();
            due |= node->answered < node->awaited.size();
        }
        if (!due)
            break;
        if (progress) {
            deadline = in_ms(redis_timeout_ms);
            continue;
        }
        for (size_t i = 0; i < nodes_.size(); ++i)
            ModifyWaitEvent(events_, static_cast<int>(i) + 2, nodes_[i]->socket.awaited_events(),
                            nullptr);
        for (bool ready = false; !ready;) {
            long left = ms_until(deadline);
            if (left <= 0)
                return fail_silent();
            ready = wait_for_sockets(events_, left);
        }
    }
    for (auto& node : nodes_) {
        node->awaited.clear();
        node->answered = 0;
    }
    return true;
}

/* Somebody owes a reply for too long. */
bool RedisLink::fail_silent()
{
    for (auto& node : nodes_)
        if (node->answered < node->awaited.size()) {
            node->socket.fail("no answer within %ld ms", redis_timeout_ms);
            return fail(node->socket.failure(), node->host);
        }
    pg_unreachable();
}

void RedisLink::take_reply(const RedisReply& reply, Node& node)
{
    if (node.answered == node.awaited.size())
        throw Error(sqlstate::protocol_violation, "Redis answered what was not asked");
    uint32_t message = node.awaited[node.answered++];
    if (message == role_reply) {
        require_primary(parse_role(reply, node.socket.server().role_command));
        return;
    }
    bool was_alone = alone_.erase(message) > 0;
    if (reply.kind() == RedisReply::Kind::integer) {
        if (was_alone)
            rests_[kept_[message].slot] = {message + 1, true};
        return;
    }
    if (!reply.is_error())
        throw Error(sqlstate::protocol_violation, "Redis answered something else than was asked");
    if (auto moved = slots_ ? parse_moved(reply.text()) : std::nullopt;
        moved && moved->slot == kept_[message].slot) {
        if (moved->to.name.empty())
            moved->to.name = node.host.name;
        slots_->move(moved->slot, moved->to);
        rests_.emplace(moved->slot, Rest{message, false});
        return;
    }
    const ReplyErrorMeaning meaning = meaning_of(reply.text());
    const std::string says = "Redis says: " + shown_reply_error(reply.text());
    if (meaning.kind != ReplyError::command && meaning.kind != ReplyError::permission)
        throw Error(sqlstate::connection_rejected, meaning.meaning, says, meaning.hint);
    if (was_alone)
        rests_[kept_[message].slot] = {message + 1, false};
    RefusedMessage& refused = refusals_.emplace_back();
    refused.message = message;
    refused.hint = meaning.hint;
    const std::string error = std::string(meaning.meaning) + ": " + says;
    const std::string_view shown = utf8_prefix(error, sizeof refused.error - 1);
    std::memcpy(refused.error, shown.data(), shown.size());
    refused.error[shown.size()] = '\0';
}

} // namespace synckit
