#include "control.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace synckit::bench {

void PublisherControl::set(const char* value)
{
    database_.query(std::string("ALTER SYSTEM SET synckit.publish = ") + value);
    database_.query("SELECT pg_reload_conf()");
}

void PublisherControl::await(const char* state)
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::string found;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto status = database_.query("SELECT state, coalesce(lag_deltas, 0) AS lag "
                                            "FROM synckit_publisher_status");
        found = status.text(0, "state");
        if (found == state && (found != "publishing" || status.number(0, "lag") == 0))
            return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("the publisher is '" + found + "' after a minute, not '" + state +
                             "', or still has something to publish");
}

void PublisherControl::turn_on()
{
    set("on");
    await_drained();
}

void PublisherControl::turn_off()
{
    set("off");
    await("paused");
}

void PublisherControl::tell_to_publish()
{
    set("on");
}

void PublisherControl::await_drained()
{
    await("publishing");
}

double PublisherControl::processor_seconds()
{
    const auto status = database_.query("SELECT pid FROM synckit_publisher_status");
    std::ifstream file("/proc/" + std::to_string(status.number(0, "pid")) + "/schedstat");
    int64_t nanoseconds = 0;
    if (!(file >> nanoseconds))
        throw std::runtime_error("cannot read the publisher's time");
    return static_cast<double>(nanoseconds) / 1e9;
}

} // namespace synckit::bench
