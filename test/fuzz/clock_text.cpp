/* Any text as a clock: what is refused, is refused by a known code, the rest means what another
 * reader of JSON takes it for, and goes round. */
#include "clock_fuzz.hpp"
#include "other_json.hpp"

#include "unit/clock_model.hpp"

using namespace synckit;
using namespace synckit::fuzz;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    std::vector<uint8_t> text = Input(data, size).rest();
    FuzzMemory memory;
    Bytes clock;
    if (!accepts({"22P02", "22003", "22021", "22001", "22023"},
                 [&] { clock = clock_from_text(as_text(text), memory); }))
        return 0;
    require_canonical(clock);
    size_t names = 0;
    auto count = [&](int, nlohmann::json::parse_event_t event, const nlohmann::json&) {
        names += event == nlohmann::json::parse_event_t::key;
        return true;
    };
    auto json = nlohmann::json::parse(as_text(text), count, false);
    require(json.is_object(), "a clock is JSON");
    require(json.size() == names, "no client stands there twice");
    test::ClockModel model;
    for (const auto& [client, counter] : json.items())
        if (counter != 0)
            model.emplace(client, counter.get<Counter>());
    require(test::model_of(clock) == model, "a clock is what its JSON says");
    std::string_view written = clock_to_text(ClockView(clock), memory);
    Bytes again = clock_from_text(written, memory);
    require(same(again, clock), "a clock's text is that clock");
    require(clock_to_text(ClockView(again), memory) == written, "and is written alike again");
    return 0;
}
