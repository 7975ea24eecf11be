/* Any text as registers: what is refused, is refused by a known code, the rest is JSON and goes
 * round. */
#include "document/registers.hpp"
#include "fuzz.hpp"
#include "other_json.hpp"

using namespace synckit;
using namespace synckit::fuzz;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    std::vector<uint8_t> text = Input(data, size).rest();
    FuzzMemory memory;
    Bytes registers;
    if (!accepts({"22P02", "22003", "22021", "22001", "22023"},
                 [&] { registers = registers_from_text(as_text(text), memory); }))
        return 0;
    require(nlohmann::json::accept(as_text(text)), "registers are JSON");
    require(same(encode_registers(decode_registers(registers, memory), memory), registers),
            "the bytes are canonical");
    std::string_view written = registers_to_text(registers, memory);
    Bytes again = registers_from_text(written, memory);
    require(same(again, registers), "the text of registers is those registers");
    require(registers_to_text(again, memory) == written, "and is written alike again");
    return 0;
}
