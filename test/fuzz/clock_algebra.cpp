/*
 * Three clocks and a sequence of operations on them, each held against a std::map; then the laws of
 * a lattice, and the total order.
 *
 * The input: three times a number of entries and the entries (client, counter); then operations: a
 * byte for what is done to which clock, for a change of one entry also client and counter.
 */
#include "clock_fuzz.hpp"

#include "unit/clock_model.hpp"

using namespace synckit;
using namespace synckit::fuzz;
using namespace synckit::test;

namespace {

constexpr size_t clocks = 3;
/* Many small inputs find more than a few large ones. */
constexpr unsigned most_entries = 64;
constexpr unsigned most_operations = 20;

/* A byte names one of those that are easily confused, a UUID, or a short text. */
std::string read_client(Input& input)
{
    uint8_t code = input.byte();
    if (code < client_ids().size())
        return client_ids()[code];
    if (code % 2 == 0)
        return std::string(1, 'A') + std::to_string(code);
    uint8_t uuid[uuid_size];
    std::fill(std::begin(uuid), std::end(uuid), code);
    std::string text(uuid_text_size, '\0');
    uuid_to_text(uuid, text.data());
    return text;
}

/* Small numbers take a byte, others one more than their width. */
int64_t read_number(Input& input)
{
    uint8_t code = input.byte();
    return code < 0xfc ? code : static_cast<int64_t>(input.number(1u << (code & 3)));
}

/* The layout as docs/formats.md draws it, written down a second time. */
Buffer layout_of(const ClockModel& model)
{
    Buffer uuids, lengths, texts;
    std::vector<Counter> of_uuids, of_texts;
    uint64_t most = 0;
    for (const auto& [client, counter] : model) {
        uint8_t uuid[uuid_size];
        if (uuid_from_text(client, uuid)) {
            uuids.insert(uuids.end(), uuid, uuid + uuid_size);
            of_uuids.push_back(counter);
        } else {
            lengths.push_back(static_cast<uint8_t>(client.size()));
            texts.insert(texts.end(), client.begin(), client.end());
            of_texts.push_back(counter);
        }
        most = std::max(most, static_cast<uint64_t>(counter));
    }
    unsigned code = most >> 8 == 0 ? 0 : most >> 16 == 0 ? 1 : most >> 32 == 0 ? 2 : 3;
    Buffer out{static_cast<uint8_t>(0x10 | code)};
    for (size_t count : {of_uuids.size(), of_texts.size()}) {
        for (; count > 0x7f; count >>= 7)
            out.push_back(static_cast<uint8_t>(count | 0x80));
        out.push_back(static_cast<uint8_t>(count));
    }
    for (const Buffer& column : {uuids, lengths, texts})
        out.insert(out.end(), column.begin(), column.end());
    for (const auto& column : {of_uuids, of_texts})
        for (Counter counter : column)
            for (unsigned i = 0; i < 1u << code; ++i)
                out.push_back(static_cast<uint8_t>(static_cast<uint64_t>(counter) >> 8 * i));
    return out;
}

struct Checked {
    ClockModel model;
    Bytes bytes;

    ClockView view() const { return ClockView(bytes); }
};

class Machine {
  public:
    Checked read_clock(Input& input)
    {
        ClockModel model;
        std::map<std::string, int> times;
        std::vector<std::pair<std::string, Counter>> noisy;
        for (unsigned left = input.byte() % most_entries; left > 0 && !input.done(); --left) {
            std::string client = read_client(input);
            noisy.emplace_back(client, read_number(input) & max_counter);
            model[client] = std::max(model[client], noisy.back().second);
            ++times[client];
        }
        std::erase_if(model, [](const auto& entry) { return entry.second == 0; });

        std::vector<ClockEntry> entries;
        for (const auto& [client, counter] : noisy)
            entries.push_back({ClientId::from_text(client), counter});
        std::vector<ClockEntry> again = entries;
        require(has_repeated_client(again, memory_) == (times.size() < noisy.size()),
                "a repeated client is noticed");
        Bytes bytes = synckit::make_clock(std::span(entries), memory_);
        require(model_of(bytes) == model, "a clock is read as that map");
        return checked(bytes, std::move(model));
    }

    void operate(Input& input, std::span<Checked> all)
    {
        uint8_t code = input.byte();
        Checked& clock = all[code / 8 % clocks];
        const Checked& other = all[(code / 8 + 1 + code / 32 % 2) % clocks];
        switch (code % 8) {
        case 0:
            clock = join(clock, other);
            return;
        case 1:
            clock = meet(clock, other);
            return;
        default:
            clock = changed(clock, code % 8, read_client(input), read_number(input));
        }
    }

    Checked join(const Checked& a, const Checked& b)
    {
        return checked(clock_merge(a.view(), b.view(), memory_), merged(a.model, b.model));
    }
    Checked meet(const Checked& a, const Checked& b)
    {
        return checked(clock_meet(a.view(), b.view(), memory_), met(a.model, b.model));
    }
    Checked empty() { return checked(ClockView().bytes(), {}); }

  private:
    Checked changed(const Checked& clock, int operation, const std::string& client, int64_t number)
    {
        ClientId id = ClientId::from_text(client);
        Counter old = counter_of(clock.model, client);
        require(clock_get(clock.view(), id) == old, "a look-up is that of a map");
        ClockModel model = clock.model;
        Bytes bytes = clock.bytes;
        auto refused = [&](const char* sqlstate, auto call) {
            require(!accepts({sqlstate}, call), "what no counter can be is refused");
        };
        auto tick = [&] { bytes = clock_tick(clock.view(), id, number, memory_); };
        auto advance = [&] { bytes = clock_advance(clock.view(), id, number, memory_); };
        if (operation == 2) {
            bytes = clock_forget(clock.view(), id, memory_);
            model.erase(client);
        } else if (operation < 6) {
            if (number < 1) {
                refused("22023", tick);
            } else if (number > max_counter - old) {
                refused("22003", tick);
            } else {
                tick();
                model[client] = old + number;
            }
        } else if (number < 0) {
            refused("22003", advance);
        } else {
            advance();
            if (number > old)
                model[client] = number;
        }
        return checked(bytes, std::move(model));
    }

    Checked checked(Bytes bytes, ClockModel model)
    {
        require(same(bytes, layout_of(model)), "the bytes are those of the map");
        return {std::move(model), bytes};
    }

    FuzzMemory memory_;
};

void check_orders(const Checked& a, const Checked& b, const Checked& join, const Checked& meet)
{
    Causality causality = clock_compare(a.view(), b.view());
    require(causality == compared(a.model, b.model), "causality is that of maps");
    int order = clock_order(a.view(), b.view());
    require(order == ordered(a.model, b.model), "the total order is that of sparse vectors");
    require((causality == Causality::equal) == (order == 0), "equal by both orders, or by none");
    require(causality != Causality::before || order < 0, "the total order extends causality");
    require(causality != Causality::after || order > 0, "the total order extends causality");
    bool below = causality == Causality::before || causality == Causality::equal;
    require(below == same(join.bytes, b.bytes), "causality is the order of the joins");
    require(below == same(meet.bytes, a.bytes), "causality is the order of the meets");
}

void check_laws(Machine& m, const Checked& a, const Checked& b, const Checked& c)
{
    auto equal = [](const Checked& x, const Checked& y) {
        require(same(x.bytes, y.bytes), "a law of lattices");
    };
    Checked join = m.join(a, b), meet = m.meet(a, b);
    equal(join, m.join(b, a));
    equal(meet, m.meet(b, a));
    equal(m.join(join, c), m.join(a, m.join(b, c)));
    equal(m.meet(meet, c), m.meet(a, m.meet(b, c)));
    equal(m.join(a, a), a);
    equal(m.meet(a, a), a);
    equal(m.join(a, meet), a);
    equal(m.meet(a, join), a);
    equal(m.join(a, m.meet(b, c)), m.meet(join, m.join(a, c)));
    equal(m.join(a, m.empty()), a);
    equal(m.meet(a, m.empty()), m.empty());
    check_orders(a, b, join, meet);
    check_orders(b, a, join, meet);
    if (clock_order(a.view(), b.view()) <= 0 && clock_order(b.view(), c.view()) <= 0)
        require(clock_order(a.view(), c.view()) <= 0, "the total order is transitive");
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Input input(data, size);
    Machine machine;
    std::vector<Checked> all;
    for (size_t i = 0; i < clocks; ++i)
        all.push_back(machine.read_clock(input));
    for (unsigned left = most_operations; left > 0 && !input.done(); --left)
        machine.operate(input, all);
    check_laws(machine, all[0], all[1], all[2]);
    return 0;
}
