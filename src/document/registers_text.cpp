#include "document/registers.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/json.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr const char* type_name = "synckit_registers";

void append_write(std::pmr::string& to, const Registers& registers, uint32_t index)
{
    const Write& write = registers.writes[index];
    append_number(to, write.stamp);
    to += ", ";
    append_json_string(to, registers.clients[write.client]);
    to += ", ";
    append_number(to, write.number);
}

class RegistersParser {
  public:
    RegistersParser(std::string_view text, Memory& memory)
        : scanner_(text, type_name,
                   "Registers are made by synckit; their grammar is in its documentation."),
          memory_(memory), registers_(&memory)
    {
    }

    Registers parse()
    {
        scanner_.expect('{');
        if (!scanner_.take('}')) {
            size_t last = 0; // members come in one order, each at most once
            do {
                std::string_view member = scanner_.string(&memory_);
                scanner_.expect(':');
                auto known = std::ranges::find(members, member);
                size_t place = static_cast<size_t>(known - std::begin(members)) + 1;
                if (known == std::end(members) || place <= last)
                    scanner_.fail(
                        "The members are \"alive\", \"dead\", \"horizon\", \"fields\" and "
                        "\"tombstones\", in this order.");
                last = place;
                read_member(member);
            } while (scanner_.take(','));
            scanner_.expect('}');
        }
        scanner_.expect_end();
        return std::move(registers_);
    }

  private:
    static constexpr std::string_view members[] = {"alive", "dead", "horizon", "fields",
                                                   "tombstones"};

    void read_member(std::string_view member)
    {
        if (member == "alive")
            registers_.alive = read_register();
        else if (member == "dead")
            registers_.dead = read_register();
        else if (member == "horizon")
            registers_.horizon = read_ticks();
        else if (member == "fields")
            read_fields();
        else
            read_tombstones();
    }

    Ticks read_ticks()
    {
        Ticks ticks = scanner_.counter();
        if (ticks < 1 || ticks > max_ticks)
            scanner_.fail(sqlstate::numeric_value_out_of_range,
                          "A stamp is between 1 and 9007199254740991.");
        return ticks;
    }

    uint32_t read_register()
    {
        scanner_.expect('[');
        uint32_t write = read_write();
        scanner_.expect(']');
        return write;
    }

    uint32_t read_write()
    {
        Ticks stamp = read_ticks();
        scanner_.expect(',');
        std::string_view client = scanner_.string(&memory_);
        ClientId::from_text(client); // checks it
        scanner_.expect(',');
        Counter number = scanner_.counter();
        registers_.clients.push_back(client); // told apart and counted once when encoded
        registers_.writes.push_back(
            {stamp, static_cast<uint32_t>(registers_.clients.size() - 1), number});
        return static_cast<uint32_t>(registers_.writes.size() - 1);
    }

    void read_fields()
    {
        scanner_.expect('[');
        if (scanner_.take(']'))
            return;
        do {
            scanner_.expect('[');
            std::string_view hex = scanner_.string(&memory_);
            uint32_t hash = 0;
            auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), hash, 16);
            bool lower = std::ranges::none_of(hex, [](char c) { return c >= 'A' && c <= 'F'; });
            if (hex.size() != 8 || error != std::errc() || end != hex.data() + 8 || !lower)
                scanner_.fail("The hash of a field's name is eight lower-case hexadecimal digits.");
            registers_.live.push_back({hash, scanner_.take(',') ? read_write() : no_write});
            scanner_.expect(']');
        } while (scanner_.take(','));
        scanner_.expect(']');
    }

    void read_tombstones()
    {
        scanner_.expect('{');
        if (scanner_.take('}'))
            return;
        do {
            std::string_view name = scanner_.string(&memory_);
            if (name.empty())
                scanner_.fail("A field has a name.");
            scanner_.expect(':');
            registers_.tombstones.push_back({name, read_register()});
        } while (scanner_.take(','));
        scanner_.expect('}');
        std::ranges::sort(registers_.tombstones, KeyOrder(), &Tombstone::name);
        if (std::ranges::adjacent_find(registers_.tombstones, {}, &Tombstone::name) !=
            registers_.tombstones.end())
            scanner_.fail("A tombstone appears more than once.");
    }

    JsonScanner scanner_;
    Memory& memory_;
    Registers registers_;
};

} // namespace

Bytes registers_from_text(std::string_view text, Memory& memory)
{
    return encode_registers(RegistersParser(text, memory).parse(), memory);
}

std::string_view registers_to_text(Bytes stored, Memory& memory)
{
    Registers registers = decode_registers(stored, memory);
    std::pmr::string text("{", &memory);
    auto begin_member = [&](const char* name) {
        if (text.size() > 1)
            text += ", ";
        append_json_string(text, name);
        text += ": ";
    };
    auto document_register = [&](const char* name, uint32_t write) {
        if (write == no_write)
            return;
        begin_member(name);
        text += '[';
        append_write(text, registers, write);
        text += ']';
    };
    document_register("alive", registers.alive);
    document_register("dead", registers.dead);
    if (registers.horizon > 0) {
        begin_member("horizon");
        append_number(text, registers.horizon);
    }
    if (!registers.live.empty()) {
        begin_member("fields");
        const char* separator = "[";
        for (const LiveField& field : registers.live) {
            char hex[] = "00000000";
            char digits[8];
            auto end = std::to_chars(digits, digits + 8, field.name_hash, 16).ptr;
            std::copy_backward(digits, end, hex + 8);
            text += separator;
            text += '[';
            append_json_string(text, hex);
            if (field.write != no_write) {
                text += ", ";
                append_write(text, registers, field.write);
            }
            text += ']';
            separator = ", ";
        }
        text += ']';
    }
    if (!registers.tombstones.empty()) {
        begin_member("tombstones");
        const char* separator = "{";
        for (const Tombstone& tombstone : registers.tombstones) {
            text += separator;
            append_json_string(text, tombstone.name);
            text += ": [";
            append_write(text, registers, tombstone.write);
            text += ']';
            separator = ", ";
        }
        text += '}';
    }
    text += '}';
    std::span<uint8_t> out = memory.make_value(text.size());
    std::memcpy(out.data(), text.data(), text.size());
    return as_text(out);
}

} // namespace synckit
