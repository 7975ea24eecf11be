#include "arrivals.hpp"

#include <charconv>
#include <thread>

namespace synckit::bench {

void Arrivals::take(std::string_view message)
{
    const auto now = Clock::now();
    constexpr std::string_view key = "\"value\":";
    const size_t place = message.find(key);
    if (place == std::string_view::npos)
        return;
    int64_t serial = 0;
    const char* digits = message.data() + place + key.size();
    if (std::from_chars(digits, message.data() + message.size(), serial).ec != std::errc())
        return;
    if (serial < first_ || serial >= first_ + static_cast<int64_t>(at_.size()))
        return;
    auto& at = at_[static_cast<size_t>(serial - first_)];
    if (at != never)
        return;
    at = now;
    bytes_ += message.size();
    came_.fetch_add(1, std::memory_order_release);
}

bool Arrivals::await(size_t count, Clock::time_point deadline) const
{
    while (came() < count) {
        if (Clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

} // namespace synckit::bench
