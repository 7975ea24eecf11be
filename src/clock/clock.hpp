#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "base/memory.hpp"
#include "clock/client_id.hpp"
#include "clock/counters.hpp"

/*
 * Vector clocks (Fidge 1988, Mattern 1989; as version vectors, Parker et al. 1983): a map from
 * client ids to counters of 1 to 2^63 - 1, in which a missing client counts as 0.
 *
 * A clock is its bytes: canonical, so that equal clocks are equal bytes. The layout is written down
 * in docs/vclock.md and is for ever. Functions take views of stored clocks and make new ones in a
 * Memory.
 */
namespace synckit {

using Counter = int64_t;
inline constexpr Counter max_counter = std::numeric_limits<Counter>::max();

/* How two clocks stand to each other; the SQL function vclock_compare() returns these words. */
enum class Causality { equal, before, after, concurrent };
const char* to_text(Causality);

/* The counter, if it is one or 0; else 22003. */
Counter check_counter(Counter);

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

    /* In stored order: those of the UUIDs first, then those of the other ids. */
    Counters counters() const { return {counters_, width_}; }
    Counter counter(uint32_t i) const { return counters()[i]; }

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

/* Walks the UUIDs of a clock, in order. */
class UuidCursor {
  public:
    explicit UuidCursor(const ClockView& clock) : clock_(&clock) {}

    bool done() const { return at_ == clock_->uuids(); }
    void next() { ++at_; }
    uint32_t index() const { return at_; }
    const uint8_t* uuid() const { return clock_->uuid(at_); }
    ClientId client() const { return ClientId::from_uuid(uuid()); }
    Counter counter() const { return clock_->counter(at_); }
    int compare(const UuidCursor& other) const { return compare_uuids(uuid(), other.uuid()); }

  private:
    const ClockView* clock_; // outlives the cursor
    uint32_t at_ = 0;
};

/* Walks the ids of a clock that are no UUIDs, in order. */
class TextCursor {
  public:
    explicit TextCursor(const ClockView& clock)
        : clock_(&clock), text_(clock.text_bytes().data()), length_(clock.text_lengths())
    {
    }

    bool done() const { return at_ == clock_->texts(); }
    void next()
    {
        text_ += length_[at_];
        ++at_;
    }
    uint32_t index() const { return at_; }
    std::string_view text() const { return {text_, length_[at_]}; }
    /* How far its text is from the first one's. */
    size_t offset() const { return static_cast<size_t>(text_ - clock_->text_bytes().data()); }
    ClientId client() const { return ClientId::from_plain(text()); }
    Counter counter() const { return clock_->counter(clock_->uuids() + at_); }
    int compare(const TextCursor& other) const { return text().compare(other.text()); }

  private:
    const ClockView* clock_; // outlives the cursor
    const char* text_;
    const uint8_t* length_;
    uint32_t at_ = 0;
};

/* Walks all entries of a clock in the order of the ids' bytes. */
class ClockCursor {
  public:
    explicit ClockCursor(const ClockView& clock) : clock_(clock), uuids_(clock_), texts_(clock_)
    {
        choose();
    }
    ClockCursor(const ClockCursor&) = delete; // the cursors in it point into it
    ClockCursor& operator=(const ClockCursor&) = delete;

    bool done() const { return uuids_.done() && texts_.done(); }
    void next()
    {
        uuid_next_ ? uuids_.next() : texts_.next();
        choose();
    }
    ClockEntry entry() const
    {
        return uuid_next_ ? ClockEntry{uuids_.client(), uuids_.counter()}
                          : ClockEntry{texts_.client(), texts_.counter()};
    }

  private:
    void choose()
    {
        uuid_next_ = !uuids_.done() && (texts_.done() || uuids_.client() < texts_.client());
    }

    ClockView clock_;
    UuidCursor uuids_;
    TextCursor texts_;
    bool uuid_next_;
};

/*
 * A clock of these entries, in any order; a zero counter is left out and of a repeated client the
 * greater counter stays. Sorts the entries in place. Throws 54000 if the clock would be larger than
 * a value may be.
 */
Bytes make_clock(std::span<ClockEntry> entries, Memory&);

/* Whether a client stands there twice; sorts the entries in place. */
bool has_repeated_client(std::span<ClockEntry> entries, Memory&);

/*
 * Functions that return a clock may return the bytes of an argument, where these are the answer.
 */

Counter clock_get(const ClockView&, const ClientId&);

/* Raises one entry by a step of at least 1 (22023); 22003 if it would pass 2^63 - 1. */
Bytes clock_tick(const ClockView&, const ClientId&, Counter by, Memory&);

/* Raises one entry to at least this counter; 22003 if it is negative. */
Bytes clock_advance(const ClockView&, const ClientId&, Counter, Memory&);

/* Drops one entry. */
Bytes clock_forget(const ClockView&, const ClientId&, Memory&);

/* The join: entry-wise maximum. Commutative, associative, idempotent. */
Bytes clock_merge(const ClockView& a, const ClockView& b, Memory&);

/* The meet: entry-wise minimum. */
Bytes clock_meet(const ClockView& a, const ClockView& b, Memory&);

Causality clock_compare(const ClockView& a, const ClockView& b);

/*
 * A total order that extends causality: below, at or above 0. The clocks are compared as sparse
 * vectors: the first client, by the bytes of the ids, whose counters differ decides.
 */
int clock_order(const ClockView& a, const ClockView& b);

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
