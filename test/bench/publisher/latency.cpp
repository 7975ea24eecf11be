#include "latency.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>

#include <libpq-fe.h>
#include <poll.h>

#include "control.hpp"
#include "redis_client/subscriber.hpp"
#include "writers.hpp"

namespace synckit::bench {
namespace {

constexpr std::chrono::milliseconds stop_interval(100); // how soon a listener sees that it is over
constexpr std::chrono::seconds patience(30);            // for the last message

/* Serial numbers of different runs never meet: they count from the time in microseconds. */
int64_t new_serials()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

class RedisListener {
  public:
    explicit RedisListener(const std::string& url)
        : subscriber_({parse_redis_url(url), {}},
                      {.channels = {}, .patterns = {escape_pattern(channel_prefix) + "doc:*"}})
    {
        subscriber_.subscribe();
    }

    void listen(std::stop_token stop, Arrivals& arrivals)
    {
        while (!stop.stop_requested())
            if (const auto message = subscriber_.next(stop_interval))
                arrivals.take(message->payload);
    }

  private:
    RedisSubscriber subscriber_;
};

class PostgresListener {
  public:
    PostgresListener() : connection_(PQconnectdb(""), PQfinish)
    {
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(
            PQexec(connection_.get(), "LISTEN deltas"), PQclear);
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
    }

    void listen(std::stop_token stop, Arrivals& arrivals)
    {
        while (!stop.stop_requested()) {
            pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
            poll(&socket, 1, static_cast<int>(stop_interval.count()));
            if (!PQconsumeInput(connection_.get()))
                return; // the missing messages will be told
            while (PGnotify* notification = PQnotifies(connection_.get())) {
                arrivals.take(notification->extra);
                PQfreemem(notification);
            }
        }
    }

  private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

/* Of times in milliseconds: the value that so great a part of them does not exceed. */
class Times {
  public:
    void add(Clock::duration time)
    {
        times_.push_back(std::chrono::duration<double, std::milli>(time).count());
    }
    void sort() { std::sort(times_.begin(), times_.end()); }
    double percentile(double part) const
    {
        const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(times_.size())));
        return times_[std::max<size_t>(rank, 1) - 1];
    }

  private:
    std::vector<double> times_;
};

/* Prints the line of a side; returns the mean size of its messages. */
template <class Listener>
double measure_side(const char* side, Load& load, PublisherControl& publisher, Listener& listener)
{
    load.first_serial = new_serials();
    Arrivals arrivals(load.first_serial, load.count);
    std::jthread thread([&](std::stop_token stop) { listener.listen(stop, arrivals); });
    const double processor_before = publisher.processor_seconds();
    const Written written = write(load);
    if (!arrivals.await(written.count, Clock::now() + patience))
        throw std::runtime_error(std::string(side) + ": " +
                                 std::to_string(written.count - arrivals.came()) + " of " +
                                 std::to_string(written.count) + " messages did not come");
    const double processor = publisher.processor_seconds() - processor_before;
    thread.request_stop();
    thread.join();

    Times latencies, replies;
    for (size_t i = 0; i < load.count; ++i)
        if (written.started[i] != never) {
            latencies.add(arrivals[i] - written.started[i]);
            replies.add(written.finished[i] - written.started[i]);
        }
    latencies.sort();
    replies.sort();
    std::printf("%s,%.3f,%.3f,%.3f,%.3f,%.1f,%.2f\n", side, latencies.percentile(0.5),
                latencies.percentile(0.99), replies.percentile(0.5), replies.percentile(0.99),
                written.rate, processor * 1e6 / static_cast<double>(written.count));
    return arrivals.mean_bytes();
}

} // namespace

void measure_latency(const LatencyOptions& options)
{
    PublisherControl publisher;
    Load load;
    load.rate = options.rate;
    load.count = static_cast<size_t>(std::max(1.0, options.rate * options.seconds));

    publisher.turn_on();
    RedisListener redis(options.redis_url);
    load.statement = "SELECT version FROM synckit_apply_delta($1, $2, 'set', 'number', $3::jsonb)";
    const double bytes = measure_side("synckit", load, publisher, redis);
    {
        HeldTransaction held;
        measure_side("synckit held xid", load, publisher, redis);
    }

    publisher.turn_off();
    PostgresListener postgres;
    load.text_bytes = static_cast<size_t>(bytes);
    load.statement = "SELECT version, pg_notify('deltas', $4) "
                     "FROM synckit_apply_delta($1, $2, 'set', 'number', $3::jsonb)";
    measure_side("LISTEN/NOTIFY", load, publisher, postgres);
    publisher.turn_on();
}

} // namespace synckit::bench
