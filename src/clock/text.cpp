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
    if (has_repeated_client(entries, memory))
        scanner.fail("A client id appears more than once.");
    return make_clock(entries, memory);
}

std::string_view clock_to_text(const ClockView& clock, Memory& memory)
{
    std::pmr::string text(&memory);
    /* With what stands around an id, and a counter of four digits: about right, and never much too
     * little. */
    text.reserve(clock.size() * size_t{10} + clock.uuids() * uuid_text_size +
                 clock.text_bytes().size());
    text += '{';
    for (ClockCursor at(clock); !at.done(); at.next()) {
        ClockEntry entry = at.entry();
        if (text.size() > 1)
            text += ", ";
        if (entry.client.is_uuid()) {
            char quoted[uuid_text_size + 2]; // it has nothing to escape
            quoted[0] = quoted[uuid_text_size + 1] = '"';
            uuid_to_text(entry.client.uuid(), quoted + 1);
            text.append(quoted, sizeof quoted);
        } else {
            append_json_string(text, entry.client.plain());
        }
        text += ": ";
        append_number(text, entry.counter);
    }
    text += '}';
    std::span<uint8_t> out = memory.make_value(text.size());
    std::memcpy(out.data(), text.data(), text.size());
    return as_text(out);
}

} // namespace synckit
