#include "drain.hpp"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "arrivals.hpp"
#include "control.hpp"
#include "redis_client/connection.hpp"
#include "redis_client/subscriber.hpp"

namespace synckit::bench {
namespace {

constexpr std::chrono::seconds patience(60);
constexpr size_t batch = 1000; // deltas a call, each of a document of its own

class RedisStatistics {
  public:
    explicit RedisStatistics(const std::string& url)
        : connection_({parse_redis_url(url), {}}, std::chrono::seconds(10))
    {
    }

    void reset() { ask({"CONFIG", "RESETSTAT"}); }

    /* PUBLISH commands since then. */
    size_t published()
    {
        constexpr std::string_view key = "cmdstat_publish:calls=";
        const std::string text = ask({"INFO", "commandstats"});
        const size_t place = text.find(key);
        size_t calls = 0;
        if (place != std::string::npos)
            std::from_chars(text.data() + place + key.size(), text.data() + text.size(), calls);
        return calls;
    }

  private:
    std::string ask(std::initializer_list<std::string_view> words)
    {
        connection_.send(words);
        const auto reply = connection_.receive(std::chrono::seconds(10));
        if (!reply || reply->is_error())
            throw std::runtime_error("Redis does not answer: " + (reply ? reply->text() : ""));
        return reply->text();
    }

    RedisConnection connection_;
};

void write_deltas(PostgresConnection& database, size_t count)
{
    for (size_t done = 0; done < count; done += batch)
        database.query(
            "SELECT count(*) FROM synckit_apply_deltas((SELECT jsonb_agg(jsonb_build_object("
            "'documentId', 'document-' || i, 'clientId', 'writer', 'operationType', 'set', "
            "'fieldPath', 'number', 'value', i)) FROM generate_series($1::bigint, $2::bigint) i))",
            {std::to_string(1), std::to_string(std::min(batch, count - done))});
}

/* A message as the publisher makes it, of a document as those of the backlog are. */
void write_payload(PublisherControl& publisher, const DrainOptions& options)
{
    RedisSubscriber subscriber({parse_redis_url(options.redis_url), {}},
                               {.channels = {channel_prefix + "doc:document-500"}, .patterns = {}});
    subscriber.subscribe();
    write_deltas(publisher.database(), batch);
    const auto message = subscriber.next(patience);
    if (!message)
        throw std::runtime_error("nothing is published");
    std::ofstream file(options.payload_path, std::ios::binary);
    if (!(file << message->payload).flush())
        throw std::runtime_error("cannot write " + options.payload_path);
    publisher.await_drained();
}

void drain(const char* side, PublisherControl& publisher, const DrainOptions& options)
{
    publisher.turn_off();
    write_deltas(publisher.database(), options.deltas);
    RedisStatistics redis(options.redis_url);
    redis.reset();
    const auto began = Clock::now();
    publisher.tell_to_publish();
    while (redis.published() < options.deltas) {
        if (Clock::now() - began > patience)
            throw std::runtime_error(std::to_string(redis.published()) + " of " +
                                     std::to_string(options.deltas) + " deltas were published");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const std::chrono::duration<double> taken = Clock::now() - began;
    publisher.await_drained();
    std::printf("%s,%.0f\n", side, static_cast<double>(options.deltas) / taken.count());
}

} // namespace

void measure_drain(const DrainOptions& options)
{
    PublisherControl publisher;
    publisher.turn_on();
    write_payload(publisher, options);
    drain("synckit", publisher, options);
    HeldTransaction held;
    drain("synckit held xid", publisher, options);
}

} // namespace synckit::bench
