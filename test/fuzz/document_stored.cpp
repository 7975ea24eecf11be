/*
 * A document with any bytes as its stored clock and registers, and deltas that are merged into it:
 * a damaged page may make nonsense of a document, but must not take the backend down.
 *
 * The input: which fields the state has (a byte), lamport (7 bytes), length (2 bytes) and bytes of
 * the clock, then those of the registers; then the deltas: a byte for the operation and what it
 * brings, a byte for client and field, and what that is.
 */
#include "document/document.hpp"
#include "fuzz.hpp"

using namespace synckit;
using namespace synckit::fuzz;
using namespace std::string_view_literals;

namespace {

constexpr Ticks now = Ticks{1'750'000'000'000} * ticks_per_ms;
/* In key order, as the fields of a state are. */
constexpr std::string_view names[] = {"a", "b", "z", "aa", "bb", "é", "a.b", "abc"};
constexpr std::string_view clients[] = {"a", "al", "bob", "0190163d-8694-739b-aea5-966c26f8ad91"};
/* Of the clock and registers themselves, of the ids in them, and of what no delta may do. */
constexpr auto refusals = {"XX001"sv, "22001"sv, "22021"sv, "22023"sv, "22003"sv, "22008"sv};

struct Row {
    StoredDocument stored;
    std::vector<StateField> state;
    std::vector<uint8_t> clock, registers;

    Row() = default;
    Row(const Row&) = delete; // stored borrows the others
};

void read_row(Input& input, Row& row)
{
    uint8_t has = input.byte();
    for (size_t i = 0; i < std::size(names); ++i)
        if (has >> i & 1)
            row.state.push_back({names[i], "1"});
    row.stored.lamport = static_cast<Ticks>(input.number(7)) & max_ticks;
    row.clock = input.bytes(input.number(2));
    row.registers = input.bytes(input.number(2));
    row.stored.clock = row.clock;
    row.stored.registers = row.registers;
    row.stored.exists = has != 0;
    row.stored.state = row.state;
}

/* Merges a delta and writes down what became of it. */
std::string apply(Document& document, Input& input, FuzzMemory& memory)
{
    uint8_t brings = input.byte(), who = input.byte();
    Member member{names[who / 4 % std::size(names)], &now, "2"};
    Delta delta{};
    delta.client = clients[who % std::size(clients)];
    delta.operation = static_cast<Operation>(brings % 3);
    if (delta.operation != Operation::erase)
        delta.members = {&member, 1};
    if (delta.operation != Operation::merge && (delta.operation == Operation::set || who < 0x80))
        delta.field = member.name;
    if (brings & 0x08)
        delta.clock_value = static_cast<Counter>(input.number(8));
    if (brings & 0x10)
        delta.seen = static_cast<Ticks>(input.number(8));
    if (brings & 0x20)
        delta.timestamp = static_cast<int64_t>(input.number(8));
    if (brings & 0x40)
        delta.stamp = static_cast<Ticks>(input.number(8));
    std::vector<uint8_t> clock;
    std::string result;
    accepts(refusals, [&] {
        if (brings & 0x80) {
            clock = input.bytes(input.byte());
            delta.clock = clock.empty() ? ClockView(document.clock()) : ClockView(clock);
        }
        Verdict verdict = document.apply(delta, now, MergeLimits());
        result = std::to_string(verdict.stamp) + " " + std::to_string(verdict.number);
        if (verdict.clock)
            result += clock_to_text(ClockView(*verdict.clock), memory);
        for (std::string_view field : verdict.changed_fields)
            result += field;
    });
    return result;
}

/* What came out can be stored and read again. */
void check(Document& document, FuzzMemory& memory)
{
    std::vector<StateField> state;
    document.visit_state([&](std::string_view name, const void* value) {
        state.push_back({name, value ? "2"sv : "1"sv});
    });
    StoredDocument stored;
    stored.lamport = document.lamport();
    stored.clock = document.clock();
    stored.registers = document.registers();
    stored.exists = document.exists();
    stored.state = state;
    Document again(stored, memory);
    require(same(again.registers(), stored.registers), "registers go round");
    require(again.exists() == stored.exists, "what exists is found again");
}

std::string run(const uint8_t* data, size_t size, uint8_t fill)
{
    Input input(data, size);
    FuzzMemory memory(fill);
    Row row;
    read_row(input, row);
    std::string results;
    accepts(refusals, [&] {
        Document document(row.stored, memory);
        while (!input.done())
            results += apply(document, input, memory);
        require(accepts(refusals, [&] { check(document, memory); }), "a result can be read");
        results += as_text(document.registers());
        results += as_text(document.clock());
    });
    return results;
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    require(run(data, size, 0x00) == run(data, size, 0xff), "every byte of a result is written");
    return 0;
}
