#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bgworker/redis/redis_socket.hpp"

#include "redis/topology.hpp"

/*
 * The worker's way to Redis: finds the server that the settings name (one, the first of several
 * that serves, the primary that Sentinels know, or the nodes of a cluster), and publishes there.
 *
 * What goes wrong is returned, not raised: a broken connection is everyday life. Nothing blocks;
 * signals, barriers and DROP DATABASE are served however slow Redis is.
 */
namespace synckit {

/* A message that Redis refused, as it may refuse one and take the next. */
struct RefusedMessage {
    size_t message;   // the number of messages that were published before it in this exchange
    const char* hint; // what to do about it; may be empty
    char error[256];  // what Redis said, fit for a log
};

class RedisLink {
  public:
    static RedisLink* create();

    bool connected() const { return connected_; }
    /* Whether the settings are still those that it was connected by. */
    bool is_current() const;
    const char* error() const { return failure_.message; }
    /* What to do about it; may be empty. */
    const char* hint() const { return failure_.hint; }
    /* The address, without any password. */
    const char* address() const { return address_; }

    /* Connects as the settings say, and says who we are. False, with error(), if that fails. */
    bool connect();
    void close();

    /* Between exchanges: false, with error(), if Redis has gone meanwhile. Does not wait. */
    bool check();

    /*
     * Adds a message to the next exchange; copies both. Of one channel, messages arrive in this
     * order. Pure code: throws.
     */
    void publish(std::string_view channel, std::string_view message);
    /* Takes back what was added. */
    void discard();
    /* Of what was added, in bytes, roughly. */
    size_t queued_bytes() const;

    enum class Outcome {
        accepted, // every message
        refused,  // the connection stands; Redis took all messages but those in refusals()
        lost      // which messages Redis took is not known
    };
    /*
     * Sends what was added and awaits the replies; error() and hint() say why not all of it was
     * accepted. What a server refuses whatever the message (credentials, LOADING, READONLY ...)
     * counts as a lost connection.
     */
    Outcome exchange();
    /* In ascending order; also where the connection was lost afterwards. Until the next exchange.
     */
    const std::vector<RefusedMessage>& refusals() const { return refusals_; }

  private:
    /* The settings that a connection goes by. */
    struct Configuration {
        std::string url, password_file;
        TlsOptions tls;
        bool sharded = false;
    };
    struct Node {
        RedisHost host;
        RedisSocket socket;
        std::vector<uint32_t> awaited; // the messages whose replies are due, in this order
        size_t answered = 0;           // so many of them are there
    };
    /* What is still to be sent of a slot that has moved: this message and all later ones. */
    struct Rest {
        uint32_t from;
        bool found; // its node has taken the one before
    };
    /* Kept until it was accepted, where it may have to be sent to another node. */
    struct Message {
        uint16_t slot;
        std::string channel, body;
    };

    bool configure();
    bool connect_to_first_that_serves();
    bool connect_to(Node&, const RedisHost&);
    bool ask_sentinel(const RedisHost&);
    bool connect_to_cluster();
    bool connect_to_new_nodes();
    void watch_nodes();
    bool fail(const char* format, ...) pg_attribute_printf(2, 3);
    bool fail(const RedisFailure&, const RedisHost&);

    void forget_messages();
    void sort_refusals();
    void ask_for_role();
    void route_messages();
    void route_rests();
    void send_to_node(uint32_t message);
    bool await_replies();
    bool fail_silent();
    void take_reply(const RedisReply&, Node&);

    Configuration configured_;
    RedisUrl url_;
    size_t first_host_ = 0; // the one that served last
    RedisSocket sentinel_;
    RedisUrl sentinel_url_; // as we speak to Sentinels, who have no databases
    RedisHost primary_;     // as a Sentinel has named it
    std::vector<std::unique_ptr<Node>> nodes_;
    std::optional<SlotMap> slots_; // where each node gets the messages of its slots: its primaries
                                   // are nodes_
    WaitEventSet* events_ = nullptr;
    bool connected_ = false;
    bool insecure_ = false; // which was said

    uint32_t count_ = 0;        // messages of this exchange
    std::vector<Message> kept_; // with slots_: all of them
    size_t kept_bytes_ = 0;
    std::map<uint16_t, Rest> rests_; // by slot
    std::set<uint32_t> alone_;       // messages that went to see whether the slot is there
    std::vector<RefusedMessage> refusals_;

    RedisFailure failure_;
    char address_[300] = "";
};

} // namespace synckit
