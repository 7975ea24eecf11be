#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "base/memory.hpp"
#include "clock/client_id.hpp"

/*
 * Vector clocks (Fidge 1988, Mattern 1989; as version vectors, Parker et al. 1983): a map from
 * client ids to counters of 1 to 2^63 - 1, in which a missing client counts as 0.
 *
 * A clock is its bytes: canonical, so that equal clocks are equal bytes. The layout is written down
 * in docs/formats.md and is for ever. Functions take views of stored clocks and make new ones in a
 * Memory.
 */
namespace synckit {

using Counter = int64_t;
inline constexpr Counter max_counter = std::numeric_limits<Counter>::max();

/* How two clocks stand to each other; the SQL function vclock_compare() returns these words. */
enum class Causality { equal, before, after, concurrent };
const char* to_text(Causality);

struct ClockEntry {
    ClientId client;
    Counter counter;
};

/* A stored clock, borrowed: cheap to make, checked against its own header and size. */
class ClockView {
  public:
    /* The empty clock. */
    ClockView();

    /* Throws XX001 for a format version that this library does not know and for bytes that cannot
     * be a clock. */
    explicit ClockView(Bytes bytes);

    Bytes bytes() const { return bytes_; }
    uint32_t size() const { return uuids_ + texts_; }
    uint32_t uuids() const { return uuids_; }
    uint32_t texts() const { return texts_; }
    unsigned width() const { return width_; }

    /* The part that names the clients: two clocks have the same clients if, and only if, these
     * bytes are the same. */
    Bytes client_block() const { return client_block_; }
    const uint8_t* uuid(uint32_t i) const { return uuid_block_ + size_t{i} * uuid_size; }
    const uint8_t* text_lengths() const { return text_lengths_; }
    std::string_view text_bytes() const { return text_bytes_; }
    const uint8_t* counters() const { return counters_; }

    /* Counters in stored order: those of the UUIDs first, then those of the other ids. */
    Counter counter(uint32_t i) const;

  private:
    Bytes bytes_;
    Bytes client_block_;
    const uint8_t* uuid_block_;
    const uint8_t* text_lengths_;
    std::string_view text_bytes_;
    const uint8_t* counters_;
    uint32_t uuids_;
    uint32_t texts_;
    unsigned width_;
};

/* Walks one of the two sections of a clock, UUIDs or other ids, in order. */
class ClockSection {
  public:
    static ClockSection uuids(const ClockView&);
    static ClockSection texts(const ClockView&);

    bool done() const { return at_ == end_; }
    void next();
    ClientId client() const;
    Counter counter() const { return clock_.counter(at_); }

    /* Compares the ids at the two places, of the same section of two clocks. */
    int compare(const ClockSection& other) const;

  private:
    ClockSection(const ClockView& clock, uint32_t at, uint32_t end)
        : clock_(clock), at_(at), end_(end)
    {
    }
    bool in_uuids() const { return at_ < clock_.uuids(); }
    std::string_view text() const
    {
        return clock_.text_bytes().substr(text_at_, clock_.text_lengths()[at_ - clock_.uuids()]);
    }

    ClockView clock_;
    uint32_t at_;
    uint32_t end_;
    size_t text_at_ = 0;
};

/* Walks all entries of a clock in the order of the ids' bytes. */
class ClockCursor {
  public:
    explicit ClockCursor(const ClockView& clock)
        : uuids_(ClockSection::uuids(clock)), texts_(ClockSection::texts(clock))
    {
        choose();
    }
    bool done() const { return uuids_.done() && texts_.done(); }
    void next()
    {
        (uuid_next_ ? uuids_ : texts_).next();
        choose();
    }
    ClockEntry entry() const
    {
        const ClockSection& section = uuid_next_ ? uuids_ : texts_;
        return {section.client(), section.counter()};
    }

  private:
    void choose()
    {
        uuid_next_ = !uuids_.done() && (texts_.done() || uuids_.client() < texts_.client());
    }

    ClockSection uuids_;
    ClockSection texts_;
    bool uuid_next_;
};

/*
 * A clock of these entries, in any order; a zero counter is left out and of a repeated client the
 * greater counter stays. Sorts the entries in place. Throws 54000 if the clock would be larger than
 * a value may be.
 */
Bytes make_clock(std::span<ClockEntry> entries, Memory&);

/* Whether a client stands there twice; sorts the entries in place. */
bool has_repeated_client(std::span<ClockEntry> entries);

Counter clock_get(const ClockView&, const ClientId&);

/* The clock with one client's counter set; 0 takes the entry out. */
Bytes clock_set(const ClockView&, const ClientId&, Counter, Memory&);

/* Raises one entry by a step of at least 1 (22023); 22003 if it would pass 2^63 - 1. */
Bytes clock_tick(const ClockView&, const ClientId&, Counter by, Memory&);

/* The join: entry-wise maximum. Commutative, associative, idempotent. May return the bytes of a or
 * b themselves. */
Bytes clock_merge(const ClockView& a, const ClockView& b, Memory&);

/* The meet: entry-wise minimum. */
Bytes clock_meet(const ClockView& a, const ClockView& b, Memory&);

Causality clock_compare(const ClockView& a, const ClockView& b);

/* JSON text, {"alice": 3, "bob": 1}: read strictly (22P02, 22003, 22021, 22001, 22023), written
 * sorted. */
Bytes clock_from_text(std::string_view text, Memory&);
std::string_view clock_to_text(const ClockView&, Memory&);

/*
 * The wire form of vclock_send and vclock_recv, big-endian: u8 format version (1), i32 number of
 * entries, then for each entry, in ascending order of the ids' bytes: i32 length, the id, i64
 * counter (1 to 2^63 - 1). Anything else is refused (22P03 and the codes of an id).
 */
Bytes clock_from_wire(Bytes wire, Memory&);
Bytes clock_to_wire(const ClockView&, Memory&);

} // namespace synckit
