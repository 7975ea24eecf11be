/*
 * The bytes of a clock; docs/vclock.md draws them.
 *
 *   u8       version (high nibble, 1) and the width code of the counters (low nibble: 0, 1, 2, 3
 * for 1, 2, 4, 8 bytes)
 *   varint   number of UUIDs, varint  number of other ids          \
 *   16 bytes each UUID, ascending                                    > the client block
 *   u8       each other id's length, then their bytes, ascending   /
 *   1, 2, 4 or 8 bytes each counter, UUIDs' first
 *
 * Columns, so that clocks of the same clients are merged by one compare of the client block and one
 * vector maximum; one width for all counters, because a vector maximum needs it: with
 * variable-length counters the merge of two 64-entry clocks takes several times as long
 * (test/bench/clock_format_bench.cpp).
 */
#include <algorithm>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "clock/clock.hpp"
#include "clock/writer.hpp"

#include "base/pure_only.hpp"

namespace synckit {

namespace {

constexpr uint8_t format_version = 1;
constexpr uint8_t empty_clock[] = {format_version << 4, 0, 0};

/* Postgres refuses a field of 1 GB; a clock stays a little below that. */
constexpr size_t max_clock_bytes = (size_t{1} << 30) - 64;

constexpr unsigned width_code(unsigned width)
{
    return width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3;
}

bool same_client(const ClockEntry& a, const ClockEntry& b)
{
    return a.client.is_uuid() == b.client.is_uuid() && a.client == b.client;
}

/* Stored order: the UUIDs, then the other ids; of a repeated client the greater counter first. */
bool stored_before(const ClockEntry& a, const ClockEntry& b)
{
    if (a.client.is_uuid() != b.client.is_uuid())
        return a.client.is_uuid();
    int order = a.client.compare(b.client);
    return order != 0 ? order < 0 : a.counter > b.counter;
}

void sort(std::span<ClockEntry> entries, Memory& memory)
{
    if (std::is_sorted(entries.begin(), entries.end(), stored_before))
        return;
    std::sort(entries.begin(), entries.end(), [&](const ClockEntry& a, const ClockEntry& b) {
        memory.poll();
        return stored_before(a, b);
    });
}

[[noreturn]] void corrupted(const char* detail)
{
    throw Error(sqlstate::data_corrupted, "invalid vclock value", detail);
}

} // namespace

ClockView::ClockView() : ClockView(Bytes(empty_clock)) {}

ClockView::ClockView(Bytes bytes) : bytes_(bytes)
{
    const uint8_t* at = bytes.data();
    const uint8_t* end = at + bytes.size();
    if (at == end)
        corrupted("It has no header.");
    if (*at >> 4 != format_version || (*at & 15) > 3)
        corrupted("Its format version is unknown to this library.");
    width_ = 1u << (*at & 15);
    const uint8_t* block = ++at;
    uint64_t uuids = 0, texts = 0;
    if (!(at = get_varint(at, end, uuids)) || !(at = get_varint(at, end, texts)))
        corrupted("Its header is cut off.");
    uint64_t room = static_cast<uint64_t>(end - at);
    if (uuids > room / uuid_size || texts > room || uuids + texts > room / width_)
        corrupted("It has more entries than its size allows.");
    uint64_t fixed = uuids * uuid_size + texts + (uuids + texts) * width_;
    if (fixed > room)
        corrupted("It has more entries than its size allows.");
    uuids_ = static_cast<uint32_t>(uuids);
    texts_ = static_cast<uint32_t>(texts);
    uuid_block_ = at;
    text_lengths_ = uuid_block_ + uuids * uuid_size;
    counters_ = end - (uuids + texts) * width_;
    const uint8_t* text = text_lengths_ + texts;
    text_bytes_ = as_text({text, counters_});
    client_block_ = {block, counters_};
    /* Each length is a byte that nothing else vouches for; with their sum right, no id reaches
     * beyond its block. */
    size_t text_size = 0;
    for (uint32_t i = 0; i < texts_; ++i)
        text_size += text_lengths_[i];
    if (text_size != text_bytes_.size())
        corrupted("Its ids do not fill their block.");
}

bool has_repeated_client(std::span<ClockEntry> entries, Memory& memory)
{
    sort(entries, memory);
    return std::adjacent_find(entries.begin(), entries.end(), same_client) != entries.end();
}

Bytes make_clock(std::span<ClockEntry> entries, Memory& memory)
{
    sort(entries, memory);
    auto last = std::unique(entries.begin(), entries.end(), same_client);
    last =
        std::remove_if(entries.begin(), last, [](const ClockEntry& e) { return e.counter == 0; });
    entries = {entries.begin(), last};

    size_t uuids = 0, text_size = 0;
    Counter greatest = 0;
    for (const ClockEntry& entry : entries) {
        if (entry.client.is_uuid())
            ++uuids;
        else
            text_size += entry.client.plain().size();
        greatest = std::max(greatest, entry.counter);
    }
    ClockWriter writer(uuids, entries.size() - uuids, text_size,
                       width_for(static_cast<uint64_t>(greatest)), memory);
    for (const ClockEntry& entry : entries) {
        writer.add_client(entry.client);
        writer.add_counter(entry.counter);
    }
    return writer.value();
}

void ClockWriter::begin(size_t size, size_t entries, Memory& memory)
{
    if (size > max_clock_bytes)
        throw Error(sqlstate::program_limit_exceeded, "vclock is too large",
                    "It has " + std::to_string(entries) + " entries.");
    value_ = memory.make_value(size);
    value_[0] = static_cast<uint8_t>(format_version << 4 | width_code(width_));
}

ClockWriter::ClockWriter(size_t uuids, size_t texts, size_t text_size, unsigned width,
                         Memory& memory)
    : width_(width)
{
    size_t head = 1 + varint_size(uuids) + varint_size(texts);
    size_t entries = uuids + texts;
    begin(head + uuids * uuid_size + texts + text_size + entries * width, entries, memory);
    uuid_ = put_varint(put_varint(value_.data() + 1, uuids), texts);
    length_ = uuid_ + uuids * uuid_size;
    text_ = length_ + texts;
    counter_ = text_ + text_size;
}

ClockWriter::ClockWriter(const ClockView& clients, unsigned width, Memory& memory) : width_(width)
{
    Bytes block = clients.client_block();
    begin(1 + block.size() + size_t{clients.size()} * width, clients.size(), memory);
    counter_ = std::copy(block.begin(), block.end(), value_.data() + 1);
}

} // namespace synckit
