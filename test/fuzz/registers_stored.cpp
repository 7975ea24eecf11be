/*
 * Any bytes as stored registers: a damaged page may make nonsense of them, but must not take the
 * backend down. What can be read at all keeps its meaning (its text, which spells every write out)
 * through the canonical bytes.
 */
#include "document/registers.hpp"
#include "fuzz.hpp"

using namespace synckit;
using namespace synckit::fuzz;

namespace {

std::string run(Bytes stored, uint8_t fill)
{
    FuzzMemory memory(fill);
    Bytes canonical;
    if (!accepts({"XX001"},
                 [&] { canonical = encode_registers(decode_registers(stored, memory), memory); }))
        return "";
    std::string_view text = registers_to_text(stored, memory);
    require(registers_to_text(canonical, memory) == text, "the canonical bytes mean the same");
    require(same(encode_registers(decode_registers(canonical, memory), memory), canonical),
            "and are canonical");
    /* Ids and names that no text can be are not read back. */
    Bytes read;
    if (accepts({"22P02", "22021", "22023"}, [&] { read = registers_from_text(text, memory); }))
        require(same(read, canonical), "the text of registers is those registers");
    return std::string(as_text(canonical)) + std::string(text);
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    std::vector<uint8_t> stored = Input(data, size).rest();
    require(run(stored, 0x00) == run(stored, 0xff), "every byte of a result is written");
    return 0;
}
