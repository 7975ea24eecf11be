#include "document/unseen.hpp"

#include "clock/clock_index.hpp"

namespace synckit {

UnseenWalk::UnseenWalk(const ClockView& document, const ClockView& seen, Memory& memory)
    : behind_(&memory)
{
    ClockIndex index(seen, memory);
    for (ClockCursor at(document); !at.done(); at.next()) {
        memory.poll();
        ClockEntry entry = at.entry();
        Counter counter = index.get(entry.client);
        char buffer[uuid_text_size];
        if (counter < entry.counter)
            behind_.emplace(entry.client.text(buffer), counter);
    }
}

bool UnseenWalk::visit(std::string_view client, Counter number)
{
    auto at = behind_.find(client);
    if (at == behind_.end())
        return false;
    Counter seen = at->second;
    if (number <= seen || number - 1 == seen)
        behind_.erase(at);
    return number > seen;
}

} // namespace synckit
