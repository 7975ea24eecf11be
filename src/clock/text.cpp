#include "clock/clock.hpp"

#include <vector>

#include "base/json.hpp"

#include "base/pure_only.hpp"

namespace synckit {

Bytes clock_from_text(std::string_view text, Memory& memory)
{
    JsonScanner scanner(text, "vclock", "Write a clock as {\"alice\": 3, \"bob\": 1}.");
    std::pmr::vector<ClockEntry> entries(&memory);
    scanner.expect('{');
    if (!scanner.take('}')) {
        do {
            ClientId client = ClientId::from_text(scanner.string(&memory));
            scanner.expect(':');
            entries.push_back({client, scanner.counter()});
            memory.poll();
        } while (scanner.take(','));
        scanner.expect('}');
    }
    scanner.expect_end();

    /* Elsewhere the greater counter of a repeated client stays; in a text it is a mistake of
     * whoever wrote it. */
    if (has_repeated_client(entries))
        scanner.fail("A client id appears more than once.");
    return make_clock(entries, memory);
}

std::string_view clock_to_text(const ClockView& clock, Memory& memory)
{
    std::pmr::string text(&memory);
    text += '{';
    for (ClockCursor at(clock); !at.done(); at.next()) {
        ClockEntry entry = at.entry();
        char buffer[uuid_text_size];
        if (text.size() > 1)
            text += ", ";
        append_json_string(text, entry.client.text(buffer));
        text += ": ";
        append_number(text, entry.counter);
    }
    text += '}';
    std::span<uint8_t> out = memory.make_value(text.size());
    std::memcpy(out.data(), text.data(), text.size());
    return as_text(out);
}

} // namespace synckit
