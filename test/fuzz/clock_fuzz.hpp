#pragma once

#include "clock/clock.hpp"
#include "fuzz.hpp"

namespace synckit::fuzz {

/* What every clock must be that was made, not merely stored: readable, its clients ascending, no
 * counter below 1, as narrow as it can be. */
inline void require_canonical(Bytes clock)
{
    ClockView view(clock);
    Counter most = 0;
    uint32_t entries = 0;
    std::string before;
    for (ClockCursor at(view); !at.done(); at.next(), ++entries) {
        char buffer[uuid_text_size];
        std::string client(at.entry().client.text(buffer));
        require(before < client, "the clients ascend");
        require(ClientId::from_text(client).is_uuid() == at.entry().client.is_uuid(),
                "an id is stored as a UUID if it is one");
        require(at.entry().counter >= 1, "no counter is below 1");
        most = std::max(most, at.entry().counter);
        before = std::move(client);
    }
    require(entries == view.size(), "the size is the number of entries");
    require(view.width() == width_for(static_cast<uint64_t>(most)), "the width is the least");
}

} // namespace synckit::fuzz
