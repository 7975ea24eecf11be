#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "clock/clock.hpp"
#include "document/ticks.hpp"

namespace synckit {

enum class Operation { set, erase, merge };

/* The words of the log and of the wire: set, delete, merge. Throws 22023 for any other. */
Operation operation_from_text(std::string_view word);
const char* to_text(Operation);

/*
 * A field and its new value. The merge moves values without looking at them: `value` is whatever
 * the caller will recognise it by. Only where two registers tie does it compare `text`, the value's
 * canonical JSON text; it may be empty where no stamped delta is about, since only stamped deltas
 * can tie.
 */
struct Member {
    std::string_view name;
    const void* value;
    std::string_view text;
};

/* One change, as its writer brings it. Everything is borrowed. */
struct Delta {
    std::string_view client;
    Operation operation;
    std::string_view field; // set and delete: the field ('' deletes the document); merge: ''
    std::span<const Member> members; // set: one; merge: any number; delete: none
    std::optional<Counter> clock_value;
    std::optional<ClockView> clock;   // what the writer had seen, as a clock
    std::optional<Ticks> seen;        // or as the greatest lamport that it was shown
    std::optional<int64_t> timestamp; // the writer's wall clock, microseconds since 1970
    std::optional<Ticks> stamp;       // stamped by another synckit already

    bool deletes_document() const { return operation == Operation::erase && field.empty(); }
};

/* What became of a delta that was accepted: the log's row, as far as the merge decides it. */
struct Verdict {
    explicit Verdict(std::pmr::memory_resource* memory) : changed_fields(memory) {}

    int64_t version = 0;
    Counter number = 0;
    std::optional<Bytes> clock; // as clipped
    std::optional<Ticks> seen;  // as clipped
    Ticks stamp = 0;
    Ticks lamport = 0;
    bool applied = false;                              // else superseded
    bool complete = false;                             // did all that it names
    std::pmr::vector<std::string_view> changed_fields; // else what it did, in byte order
};

struct MergeLimits {
    Ticks max_clock_skew = 5000 * ticks_per_ms;
    Counter max_clock_step = 1'000'000;
};

/* Names: 22023 if empty, 22001 if too long, in characters. A field name has 1 to 500, a document id
 * 1 to 255. */
void check_name(std::string_view name, const char* what, size_t limit);
void check_document_id(std::string_view id);
void check_field_name(std::string_view name);

} // namespace synckit
