/* Any bytes as the wire form of a clock, which is canonical: what is accepted is what is sent. */
#include "clock_fuzz.hpp"

using namespace synckit;
using namespace synckit::fuzz;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    std::vector<uint8_t> wire = Input(data, size).rest();
    FuzzMemory memory;
    Bytes clock;
    if (!accepts({"22P03", "22021", "22001", "22023"},
                 [&] { clock = clock_from_wire(wire, memory); }))
        return 0;
    require_canonical(clock);
    require(same(clock_to_wire(ClockView(clock), memory), wire), "what was received is sent");
    return 0;
}
