#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "base/memory.hpp"
#include "clock/clock.hpp"
#include "clock/clock_index.hpp"
#include "document/delta.hpp"
#include "document/registers.hpp"

/*
 * A document in memory while deltas are merged into it: load, apply each delta, store what came
 * out.
 *
 * Every field, the document's life and its death are last-writer-wins registers (Johnson and Thomas
 * 1975; as a CRDT, Shapiro et al. 2011) ordered by (stamp, client, value). A stamp is a hybrid
 * logical clock (Kulkarni et al. 2014): wall-clock time, raised above whatever its writer had seen.
 */
namespace synckit {

/* A field of the stored state. The text may be empty under the same condition as in Member. */
struct StateField {
    std::string_view name;
    std::string_view text;
};

/* The columns of a document's row, or of its tombstone (which has no state). */
struct StoredDocument {
    int64_t version = 0;
    Ticks lamport = 0;
    Bytes clock;     // empty: the empty clock
    Bytes registers; // empty: none
    bool exists = false;
    std::span<const StateField> state; // in key order
};

class Document {
  public:
    Document(const StoredDocument& stored, Memory& memory);

    /*
     * Merges one delta at the time `now`, all of it or, with an Error (22003, 22008), nothing.
     * The rules are those of docs/merge.md, numbered alike in the code.
     */
    Verdict apply(const Delta& delta, Ticks now, const MergeLimits& limits);

    /*
     * The join alone: members written by a stamped write whose number is settled. This is the CRDT:
     * commutative, associative and idempotent, whatever the order of the calls. Clock and lamport
     * are joined, version is not touched.
     */
    void join(const Delta& stamped);

    bool exists() const;
    bool state_changed() const { return state_changed_; }
    int64_t version() const { return version_; }
    Ticks lamport() const { return lamport_; }
    Bytes clock();
    Bytes registers() const;

    /* Calls visit(name, value) for each field that stands, in key order; value is null where it is
     * as it was stored. */
    template <class Visit>
    void visit_state(Visit visit) const
    {
        visit_fields([&](const Field& field) {
            if (field.kind == Kind::live)
                visit(field.name, field.value);
        });
    }

  private:
    enum class Kind : uint8_t { gone, live, tombstone };

    struct Field {
        std::string_view name;
        const void* value; // null: as stored
        std::string_view text;
        uint32_t write;
        Kind kind;
    };

    void load_state(std::span<const StateField> state, std::span<const LiveField> live);

    /* The field if it has a register: live or tombstone. */
    Field* find(std::string_view name);

    /* All fields, in key order, those that are gone among them. */
    template <class Visit>
    void visit_fields(Visit visit) const
    {
        auto added = new_fields_.begin();
        for (const Field& field : stored_fields_) {
            for (; added != new_fields_.end() && KeyOrder()(added->first, field.name); ++added)
                visit(added->second);
            visit(field);
        }
        for (; added != new_fields_.end(); ++added)
            visit(added->second);
    }
    /* All registers of fields, in any order, for reading or changing them. */
    template <class Visit>
    void visit_registers(Visit visit)
    {
        for (Field& field : stored_fields_)
            if (field.kind != Kind::gone)
                visit(field);
        for (auto& [name, field] : new_fields_)
            if (field.kind != Kind::gone)
                visit(field);
    }

    std::string_view client_of(uint32_t write) const;
    Ticks stamp_of(uint32_t write) const;
    Counter number_of(uint32_t write) const;
    uint32_t client_index(std::string_view client);
    uint32_t add_write(std::string_view client, Ticks stamp, Counter number);
    /* By (stamp, client): the order of registers without their values. */
    int compare_writes(uint32_t a, uint32_t b) const;

    Counter entry(std::string_view client) const;
    void raise_entry(std::string_view client, Counter number);

    Bytes clip(const ClockView& clock) const;
    Counter decide_number(const Delta&, Ticks now, const MergeLimits&) const;
    void clip_what_was_seen(const Delta&, Ticks now, const MergeLimits&, Verdict&);
    Ticks decide_stamp(const Delta&, Ticks now, const Verdict&);
    void check_stamp(Ticks stamp, Ticks now, const MergeLimits&) const;
    void merge(const Delta&, Verdict&);
    bool merge_field(const Member&, Kind kind, uint32_t write);
    void raise(uint32_t& document_register, uint32_t write) const;
    void drop_dead_fields(std::pmr::vector<std::string_view>& removed);

    Memory& memory_;
    int64_t version_;
    Ticks lamport_;
    bool implicitly_alive_; // a row without an `alive` register counts as written at stamp 1 by
                            // client ''
    bool state_changed_ = false;

    ClockView clock_;
    ClockIndex clock_index_;                          // of clock_
    std::pmr::map<std::string_view, Counter> raised_; // entries above clock_'s

    Registers
        registers_; // writes and clients grow; fields and tombstones are moved to the two below
    size_t sorted_clients_; // so many of its clients came sorted from the stored bytes
    std::pmr::map<std::string_view, uint32_t> new_clients_;
    std::pmr::vector<Field> stored_fields_; // of the state, in key order
    std::pmr::map<std::string_view, Field, KeyOrder>
        new_fields_; // tombstones, and fields born since
};

} // namespace synckit
