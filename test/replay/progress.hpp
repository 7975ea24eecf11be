#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace synckit::replay {

/* Shows how far we are: one line that changes on a terminal, else a line a second. */
class Progress {
  public:
    explicit Progress(bool wanted);

    /* `finished`: show it now, and for good. */
    void show(const std::string& what, size_t done, size_t all, size_t messages,
              bool finished = false);

  private:
    const bool wanted_;
    const bool terminal_;
    std::chrono::steady_clock::time_point next_{};
};

} // namespace synckit::replay
