#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace synckit::bench {

using Clock = std::chrono::steady_clock;
inline constexpr Clock::time_point never{};

/*
 * When each of a run's messages came first. A message is known by its serial number, which is its
 * "value"; messages of other runs are passed over. One thread takes, another waits.
 */
class Arrivals {
  public:
    Arrivals(int64_t first_serial, size_t count) : first_(first_serial), at_(count) {}

    /* `message`: a JSON object with a number "value", written without a space before it. */
    void take(std::string_view message);

    /* False if not so many have come by then. */
    bool await(size_t count, Clock::time_point deadline) const;

    size_t came() const { return came_.load(std::memory_order_acquire); }
    double mean_bytes() const { return static_cast<double>(bytes_) / static_cast<double>(came()); }
    Clock::time_point operator[](size_t index) const { return at_[index]; }

  private:
    int64_t first_;
    std::vector<Clock::time_point> at_;
    size_t bytes_ = 0;
    std::atomic<size_t> came_ = 0; // over what stands above
};

} // namespace synckit::bench
