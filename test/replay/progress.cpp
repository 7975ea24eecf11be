#include "progress.hpp"

#include <cstdio>

#include <unistd.h>

namespace synckit::replay {

Progress::Progress(bool wanted) : wanted_(wanted), terminal_(isatty(STDOUT_FILENO) == 1) {}

void Progress::show(const std::string& what, size_t done, size_t all, size_t messages,
                    bool finished)
{
    const auto now = std::chrono::steady_clock::now();
    if (!wanted_ || (now < next_ && !finished))
        return;
    next_ = now + std::chrono::milliseconds(terminal_ ? 100 : 1000);
    std::printf("%s  %s: %zu of %zu, %zu messages received%s", terminal_ ? "\r" : "", what.c_str(),
                done, all, messages, terminal_ ? "\033[K" : "");
    if (!terminal_ || finished)
        std::putchar('\n');
    std::fflush(stdout);
}

} // namespace synckit::replay
