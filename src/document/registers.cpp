/*
 * The bytes of registers; docs/registers.md draws them.
 *
 *   u8      format version (1)
 *   varint  number of clients; each: u8 length and text, or length 0 and a UUID's 16 bytes;
 * ascending varint  number of writes; each: varint stamp minus the stamp before it, varint client,
 * varint number; ascending varint  horizon varint  alive, varint dead: index of the write + 1, 0
 * for none varint  number of live fields; u32 hash of each name; then 1, 2 or 4 bytes each: index
 * of the write + 1, or 0 varint  number of tombstones; each: varint length, name, varint write; in
 * key order
 */
#include "document/registers.hpp"

#include <algorithm>
#include <numeric>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/utf8.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr uint8_t format_version = 1;
constexpr size_t max_registers_bytes = (size_t{1} << 30) - 64;

[[noreturn]] void corrupted(const char* detail)
{
    throw Error(sqlstate::data_corrupted, "invalid synckit_registers value", detail);
}

class Reader {
  public:
    explicit Reader(Bytes bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    uint64_t varint()
    {
        uint64_t value;
        at_ = get_varint(at_, end_, value);
        if (!at_)
            corrupted("A number in it is cut off or malformed.");
        return value;
    }
    /* A count of things that take at least `least` bytes each: never more than there are bytes
     * left. */
    uint32_t count(size_t least)
    {
        uint64_t value = varint();
        if (value > static_cast<size_t>(end_ - at_) / least || value >= no_write)
            corrupted("It has more entries than its size allows.");
        return static_cast<uint32_t>(value);
    }
    Bytes bytes(size_t size)
    {
        if (size > static_cast<size_t>(end_ - at_))
            corrupted("It is cut off.");
        Bytes read(at_, size);
        at_ += size;
        return read;
    }
    bool done() const { return at_ == end_; }

  private:
    const uint8_t* at_;
    const uint8_t* end_;
};

/* An optional write is stored as index + 1, with 0 for none; no_write + 1 is 0 as well. */
static_assert(static_cast<uint32_t>(no_write + 1) == 0);

uint32_t write_index(uint64_t stored, size_t writes)
{
    if (stored > writes)
        corrupted("It names a write that it does not hold.");
    return static_cast<uint32_t>(stored) - 1;
}

unsigned index_width(size_t writes)
{
    return width_for(writes);
}

} // namespace

Registers decode_registers(Bytes stored, Memory& memory)
{
    Reader from(stored);
    Registers registers(&memory);
    if (from.bytes(1)[0] != format_version)
        corrupted("Its format version is unknown to this library.");

    uint32_t clients = from.count(2);
    registers.clients.reserve(clients);
    for (uint32_t i = 0; i < clients; ++i) {
        size_t length = from.bytes(1)[0];
        if (length > 0) {
            registers.clients.push_back(as_text(from.bytes(length)));
            continue;
        }
        auto* text = static_cast<char*>(memory.allocate(uuid_text_size, 1));
        uuid_to_text(from.bytes(uuid_size).data(), text);
        registers.clients.push_back({text, uuid_text_size});
    }

    uint32_t writes = from.count(3);
    registers.writes.reserve(writes);
    uint64_t stamp = 0;
    for (uint32_t i = 0; i < writes; ++i) {
        uint64_t step = from.varint(), client = from.varint(), number = from.varint();
        stamp += step;
        if (step > max_ticks || stamp > max_ticks || stamp == 0 || client >= clients ||
            number > static_cast<uint64_t>(max_counter))
            corrupted("A write in it is out of range.");
        registers.writes.push_back({static_cast<Ticks>(stamp), static_cast<uint32_t>(client),
                                    static_cast<Counter>(number)});
    }

    uint64_t horizon = from.varint();
    if (horizon > max_ticks)
        corrupted("Its horizon is out of range.");
    registers.horizon = static_cast<Ticks>(horizon);
    registers.alive = write_index(from.varint(), writes);
    registers.dead = write_index(from.varint(), writes);

    unsigned width = index_width(writes);
    uint32_t live = from.count(4 + width);
    const uint8_t* hashes = from.bytes(size_t{live} * 4).data();
    const uint8_t* indexes = from.bytes(size_t{live} * width).data();
    registers.live.reserve(live);
    for (size_t i = 0; i < live; ++i)
        registers.live.push_back({load<uint32_t>(hashes + i * 4),
                                  write_index(load_width(indexes + i * width, width), writes)});

    uint32_t tombstones = from.count(3);
    registers.tombstones.reserve(tombstones);
    for (uint32_t i = 0; i < tombstones; ++i) {
        std::string_view name = as_text(from.bytes(from.varint()));
        uint32_t write = write_index(from.varint(), writes);
        if (write == no_write || name.empty())
            corrupted("A tombstone in it names no field or no write.");
        if (!registers.tombstones.empty() && !KeyOrder()(registers.tombstones.back().name, name))
            corrupted("Its tombstones are not in order.");
        registers.tombstones.push_back({name, write});
    }
    if (!from.done())
        corrupted("Bytes follow its end.");
    return registers;
}

namespace {

/* The writes that some register points to, sorted and unique, over clients likewise. */
class WriteTable {
  public:
    WriteTable(const Registers& registers, std::pmr::memory_resource* memory)
        : clients(memory), writes(memory), new_index_(registers.writes.size(), no_write, memory)
    {
        mark_used(registers);
        rank_clients(registers, memory);
        sort_writes(registers, memory);
    }

    /* The place of an old write in the new table, + 1; 0 for none. */
    uint32_t stored(uint32_t old) const { return old == no_write ? 0 : new_index_[old] + 1; }

    std::pmr::vector<std::string_view> clients;
    std::pmr::vector<Write> writes;

  private:
    static constexpr uint32_t used = 0;

    void mark_used(const Registers& registers)
    {
        auto mark = [this](uint32_t write) {
            if (write != no_write)
                new_index_[write] = used;
        };
        mark(registers.alive);
        mark(registers.dead);
        for (const LiveField& field : registers.live)
            mark(field.write);
        for (const Tombstone& tombstone : registers.tombstones)
            mark(tombstone.write);
    }

    void rank_clients(const Registers& registers, std::pmr::memory_resource* memory)
    {
        std::pmr::vector<bool> named(registers.clients.size(), false, memory);
        for (size_t i = 0; i < registers.writes.size(); ++i)
            if (new_index_[i] == used)
                named[registers.writes[i].client] = true;
        for (size_t i = 0; i < named.size(); ++i)
            if (named[i])
                clients.push_back(registers.clients[i]);
        std::ranges::sort(clients);
        clients.erase(std::unique(clients.begin(), clients.end()), clients.end());
    }

    void sort_writes(const Registers& registers, std::pmr::memory_resource* memory)
    {
        std::pmr::vector<uint32_t> rank(registers.clients.size(), 0, memory);
        for (size_t i = 0; i < rank.size(); ++i)
            rank[i] = static_cast<uint32_t>(
                std::ranges::lower_bound(clients, registers.clients[i]) - clients.begin());
        std::pmr::vector<uint32_t> order(memory);
        order.reserve(registers.writes.size());
        for (uint32_t i = 0; i < registers.writes.size(); ++i)
            if (new_index_[i] == used)
                order.push_back(i);
        auto key = [&](uint32_t i) {
            const Write& write = registers.writes[i];
            return std::tuple(write.stamp, rank[write.client], write.number);
        };
        auto before = [&](uint32_t a, uint32_t b) { return key(a) < key(b); };
        /* Most came sorted, from the stored bytes; only what was written since stands behind them.
         */
        auto sorted_end = std::is_sorted_until(order.begin(), order.end(), before);
        std::sort(sorted_end, order.end(), before);
        std::pmr::vector<uint32_t> merged(order.size(), 0, memory);
        std::merge(order.begin(), sorted_end, sorted_end, order.end(), merged.begin(), before);

        writes.reserve(merged.size());
        for (size_t i = 0; i < merged.size(); ++i) {
            const Write& write = registers.writes[merged[i]];
            if (i == 0 || key(merged[i - 1]) != key(merged[i]))
                writes.push_back({write.stamp, rank[write.client], write.number});
            new_index_[merged[i]] = static_cast<uint32_t>(writes.size() - 1);
        }
    }

    std::pmr::vector<uint32_t> new_index_;
};

/* Writes to a value, or only measures it: the same code says how large it is and fills it. */
class Writer {
  public:
    explicit Writer(uint8_t* to = nullptr) : at_(to) {}

    size_t size() const { return size_; }
    void varint(uint64_t value)
    {
        size_ += varint_size(value);
        if (at_)
            at_ = put_varint(at_, value);
    }
    void number(uint64_t value, unsigned width)
    {
        size_ += width;
        if (at_) {
            store_width(at_, value, width);
            at_ += width;
        }
    }
    void bytes(Bytes bytes)
    {
        size_ += bytes.size();
        if (at_ && !bytes.empty()) {
            std::memcpy(at_, bytes.data(), bytes.size());
            at_ += bytes.size();
        }
    }

  private:
    uint8_t* at_;
    size_t size_ = 0;
};

void write_registers(const Registers& registers, const WriteTable& table,
                     std::span<const Tombstone> tombstones, Writer& to)
{
    to.number(format_version, 1);
    to.varint(table.clients.size());
    for (std::string_view client : table.clients) {
        uint8_t uuid[uuid_size];
        bool is_uuid = uuid_from_text(client, uuid);
        to.number(is_uuid ? 0 : client.size(), 1);
        to.bytes(is_uuid ? Bytes(uuid) : as_bytes(client));
    }
    to.varint(table.writes.size());
    Ticks stamp = 0;
    for (const Write& write : table.writes) {
        to.varint(static_cast<uint64_t>(write.stamp - stamp));
        to.varint(write.client);
        to.varint(static_cast<uint64_t>(write.number));
        stamp = write.stamp;
    }
    to.varint(static_cast<uint64_t>(registers.horizon));
    to.varint(table.stored(registers.alive));
    to.varint(table.stored(registers.dead));
    to.varint(registers.live.size());
    for (const LiveField& field : registers.live)
        to.number(field.name_hash, 4);
    unsigned width = index_width(table.writes.size());
    for (const LiveField& field : registers.live)
        to.number(table.stored(field.write), width);
    to.varint(tombstones.size());
    for (const Tombstone& tombstone : tombstones) {
        to.varint(tombstone.name.size());
        to.bytes(as_bytes(tombstone.name));
        to.varint(table.stored(tombstone.write));
    }
}

} // namespace

Bytes encode_registers(const Registers& registers, Memory& memory)
{
    WriteTable table(registers, &memory);
    std::pmr::vector<Tombstone> tombstones(registers.tombstones, &memory);
    auto by_name = [](const Tombstone& a, const Tombstone& b) {
        return KeyOrder()(a.name, b.name);
    };
    if (!std::ranges::is_sorted(tombstones, by_name))
        std::ranges::sort(tombstones, by_name);

    Writer measure;
    write_registers(registers, table, tombstones, measure);
    if (measure.size() > max_registers_bytes)
        throw Error(sqlstate::program_limit_exceeded,
                    "the registers of the document are too large");
    std::span<uint8_t> out = memory.make_value(measure.size());
    Writer fill(out.data());
    write_registers(registers, table, tombstones, fill);
    return out;
}

size_t drop_tombstones(Registers& registers, Ticks before)
{
    auto is_old = [&](const Tombstone& tombstone) {
        Ticks stamp = registers.writes[tombstone.write].stamp;
        if (stamp >= before)
            return false;
        registers.horizon = std::max(registers.horizon, stamp);
        return true;
    };
    return std::erase_if(registers.tombstones, is_old);
}

} // namespace synckit
