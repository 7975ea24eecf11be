#pragma once

#include <algorithm>
#include <vector>

#include "clock/clock.hpp"

namespace synckit {

/*
 * A clock for many look-ups. The ids that are no UUIDs have no fixed size, so a look-up walks them;
 * the first one through an index makes a table of them, and the others search it.
 */
class ClockIndex {
  public:
    ClockIndex(const ClockView& clock, std::pmr::memory_resource& memory)
        : clock_(clock), texts_(&memory)
    {
    }

    Counter get(const ClientId& client) const
    {
        if (client.is_uuid())
            return clock_get(clock_, client);
        if (texts_.empty() && clock_.texts() > 0)
            build();
        auto at = std::ranges::lower_bound(texts_, client.plain(), {}, &Entry::text);
        return at != texts_.end() && at->text == client.plain() ? at->counter : 0;
    }

  private:
    struct Entry {
        std::string_view text;
        Counter counter;
    };

    void build() const
    {
        texts_.reserve(clock_.texts());
        for (TextCursor at(clock_); !at.done(); at.next())
            texts_.push_back({at.text(), at.counter()});
    }

    ClockView clock_;
    mutable std::pmr::vector<Entry> texts_;
};

} // namespace synckit
