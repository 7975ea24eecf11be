/*
 * The bytes of a clock; docs/formats.md draws them.
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
 * variable-length counters the merge of two 64-entry clocks takes two (counters of one byte) to
 * eleven times (of eight) as long (test/bench/clock_format_bench.cpp).
 */
#include "clock/clock.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/error.hpp"

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
    if (texts == 0 ? !text_bytes_.empty() : text_bytes_.size() < texts)
        corrupted("Its size does not match its header.");
}

Counter ClockView::counter(uint32_t i) const
{
    return static_cast<Counter>(load_width(counters_ + size_t{i} * width_, width_));
}

ClockSection ClockSection::uuids(const ClockView& clock)
{
    return {clock, 0, clock.uuids()};
}

ClockSection ClockSection::texts(const ClockView& clock)
{
    return {clock, clock.uuids(), clock.size()};
}

void ClockSection::next()
{
    if (!in_uuids()) {
        text_at_ += clock_.text_lengths()[at_ - clock_.uuids()];
        /* Each length is a byte that nothing else vouches for. */
        size_t block = clock_.text_bytes().size();
        if (text_at_ > block || (at_ + 1 == end_ && text_at_ != block))
            corrupted("Its ids do not fill their block.");
    }
    ++at_;
}

ClientId ClockSection::client() const
{
    return in_uuids() ? ClientId::from_uuid(clock_.uuid(at_)) : ClientId::from_plain(text());
}

int ClockSection::compare(const ClockSection& other) const
{
    if (in_uuids())
        return std::memcmp(clock_.uuid(at_), other.clock_.uuid(other.at_), uuid_size);
    return text().compare(other.text());
}

bool has_repeated_client(std::span<ClockEntry> entries)
{
    std::sort(entries.begin(), entries.end(), stored_before);
    return std::adjacent_find(entries.begin(), entries.end(), same_client) != entries.end();
}

Bytes make_clock(std::span<ClockEntry> entries, Memory& memory)
{
    if (!std::is_sorted(entries.begin(), entries.end(), stored_before))
        std::sort(entries.begin(), entries.end(), stored_before);
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
    size_t texts = entries.size() - uuids;
    unsigned width = width_for(static_cast<uint64_t>(greatest));
    size_t size = 1 + varint_size(uuids) + varint_size(texts) + uuids * uuid_size + texts +
                  text_size + entries.size() * width;
    if (size > max_clock_bytes)
        throw Error(sqlstate::program_limit_exceeded, "vclock is too large",
                    "It has " + std::to_string(entries.size()) + " entries.");

    std::span<uint8_t> out = memory.make_value(size);
    uint8_t* at = out.data();
    *at++ = static_cast<uint8_t>(format_version << 4 | width_code(width));
    at = put_varint(at, uuids);
    at = put_varint(at, texts);
    uint8_t* text_at = at + uuids * uuid_size + texts;
    for (const ClockEntry& entry : entries) {
        if (entry.client.is_uuid()) {
            std::memcpy(at, entry.client.uuid(), uuid_size);
            at += uuid_size;
        } else {
            std::string_view text = entry.client.plain();
            *at++ = static_cast<uint8_t>(text.size());
            std::memcpy(text_at, text.data(), text.size());
            text_at += text.size();
        }
    }
    for (const ClockEntry& entry : entries) {
        store_width(text_at, static_cast<uint64_t>(entry.counter), width);
        text_at += width;
    }
    return out;
}

} // namespace synckit
