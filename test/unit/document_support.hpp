#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "document/document.hpp"
#include "support.hpp"

/* Deltas and documents that own what they hold, to be kept, compared and printed. */
namespace synckit::test {

struct Edit {
    std::string client;
    Operation operation;
    std::string field;
    std::vector<std::pair<std::string, std::string>> members; // names, and values as JSON text
    std::optional<Counter> number = {};
    std::optional<ClockModel> clock = {};
    std::optional<Ticks> seen = {};
    std::optional<int64_t> timestamp = {}; // microseconds
    std::optional<Ticks> stamp = {};
};

inline Edit set(std::string client, std::string field, std::string text)
{
    return {std::move(client), Operation::set, field, {{field, std::move(text)}}};
}
inline Edit erase(std::string client, std::string field)
{
    return {std::move(client), Operation::erase, std::move(field), {}};
}
inline Edit erase_document(std::string client)
{
    return erase(std::move(client), "");
}
inline Edit merge(std::string client, std::vector<std::pair<std::string, std::string>> members)
{
    return {std::move(client), Operation::merge, "", std::move(members)};
}

inline Edit at(int64_t timestamp, Edit edit)
{
    edit.timestamp = timestamp;
    return edit;
}
inline Edit stamped(Ticks stamp, Counter number, Edit edit)
{
    edit.stamp = stamp;
    edit.number = number;
    return edit;
}

/* A document's row, or its tombstone. */
struct Row {
    int64_t version = 0;
    Ticks lamport = 0;
    Buffer clock;
    Buffer registers;
    bool exists = false;
    std::map<std::string, std::string, KeyOrder> state;

    bool operator==(const Row&) const = default;
};

/* What became of a delta. */
struct Outcome {
    int64_t version = 0;
    Counter number = 0;
    std::optional<ClockModel> clock;
    std::optional<Ticks> seen;
    Ticks stamp = 0;
    Ticks lamport = 0;
    bool applied = false;
    std::optional<std::vector<std::string>> changed; // none: all that it names

    bool operator==(const Outcome&) const = default;
};

enum class Texts { shown, hidden };

/* A document opened from its row; it keeps the edits, which the merge only borrows. */
class OpenDocument {
  public:
    explicit OpenDocument(Row row = {}, Texts texts = Texts::shown)
        : row_(std::move(row)), texts_(texts), document_(stored(), memory_)
    {
    }
    OpenDocument(const OpenDocument&) = delete;

    Document& document() { return document_; }

    Outcome apply(const Edit& edit, Ticks now, const MergeLimits& limits = {})
    {
        Verdict verdict = document_.apply(borrow(edit), now, limits);
        Outcome outcome{verdict.version, verdict.number,  std::nullopt,    verdict.seen,
                        verdict.stamp,   verdict.lamport, verdict.applied, std::nullopt};
        if (verdict.clock)
            outcome.clock = model_of(*verdict.clock);
        if (!verdict.complete)
            outcome.changed.emplace(verdict.changed_fields.begin(), verdict.changed_fields.end());
        else
            EXPECT_TRUE(verdict.changed_fields.empty());
        return outcome;
    }

    void join(const Edit& edit) { document_.join(borrow(edit)); }

    /* What would be stored now. */
    Row row()
    {
        Row row;
        row.version = document_.version();
        row.lamport = document_.lamport();
        row.clock = copy(document_.clock());
        row.registers = copy(document_.registers());
        row.exists = document_.exists();
        std::string_view last;
        document_.visit_state([&](std::string_view name, const void* value) {
            EXPECT_TRUE(row.state.empty() || KeyOrder()(last, name)) << "fields out of order";
            last = name;
            row.state.emplace(name, value ? *static_cast<const std::string*>(value)
                                          : row_.state.find(std::string(name))->second);
        });
        EXPECT_TRUE(row.exists || row.state.empty()) << "a document that does not exist has fields";
        EXPECT_TRUE(document_.state_changed() || row.state == row_.state)
            << "the state changed in silence";
        return row;
    }

  private:
    StoredDocument stored()
    {
        for (const auto& [name, text] : row_.state)
            fields_.push_back({name, texts_ == Texts::shown ? std::string_view(text) : ""});
        return {row_.version, row_.lamport, row_.clock, row_.registers, row_.exists, fields_};
    }

    Delta borrow(const Edit& given)
    {
        const Edit& edit = edits_.emplace_back(given);
        std::vector<Member>& members = members_.emplace_back();
        for (const auto& [name, text] : edit.members)
            members.push_back({name, &text, texts_ == Texts::shown ? std::string_view(text) : ""});
        Delta delta{edit.client, edit.operation, edit.field,     members,   edit.number,
                    {},          edit.seen,      edit.timestamp, edit.stamp};
        if (edit.clock)
            delta.clock = ClockView(make_clock(*edit.clock, memory_));
        return delta;
    }

    Row row_;
    Texts texts_;
    HeapMemory memory_;
    std::vector<StateField> fields_;
    std::deque<Edit> edits_;
    std::deque<std::vector<Member>> members_;
    Document document_;
};

/* A document that does not exist yet, as it would be stored. */
inline Row new_row()
{
    return OpenDocument().row();
}

/* Load, apply, store. */
inline Outcome apply(Row& row, const Edit& edit, Ticks now, const MergeLimits& limits = {})
{
    OpenDocument open(row);
    Outcome outcome = open.apply(edit, now, limits);
    row = open.row();
    return outcome;
}

/* What stands after these stamped deltas, in this order. */
inline Row joined(Row row, const std::vector<Edit>& edits)
{
    OpenDocument open(std::move(row));
    for (const Edit& edit : edits)
        open.join(edit);
    return open.row();
}

/* A register as it is stored; a field without one has client '' and stamp 1. */
struct RegisterModel {
    Ticks stamp = 1;
    std::string client;
    Counter number = 0;
    std::optional<std::string> text; // none: a tombstone

    bool operator==(const RegisterModel&) const = default;
};

struct RegistersModel {
    std::optional<RegisterModel> alive, dead;
    Ticks horizon = 0;
    std::map<std::string, RegisterModel, KeyOrder> fields;

    bool operator==(const RegistersModel&) const = default;
};

/* The registers of a row, each with its field's name and value. */
inline RegistersModel registers_of(const Row& row)
{
    RegistersModel model;
    HeapMemory memory;
    Registers stored = decode_registers(row.registers, memory);
    auto read = [&](uint32_t write, std::optional<std::string> text) {
        if (write == no_write)
            return RegisterModel{1, "", 0, std::move(text)};
        const Write& w = stored.writes[write];
        return RegisterModel{w.stamp, std::string(stored.clients[w.client]), w.number,
                             std::move(text)};
    };
    if (stored.alive != no_write)
        model.alive = read(stored.alive, "null");
    if (stored.dead != no_write)
        model.dead = read(stored.dead, std::nullopt);
    model.horizon = stored.horizon;
    for (const Tombstone& tombstone : stored.tombstones)
        model.fields.emplace(tombstone.name, read(tombstone.write, std::nullopt));
    EXPECT_EQ(stored.live.size(), row.state.size());
    auto field = row.state.begin();
    for (const LiveField& live : stored.live) {
        if (field == row.state.end())
            break;
        EXPECT_EQ(live.name_hash, name_hash(field->first));
        EXPECT_TRUE(model.fields.emplace(field->first, read(live.write, field->second)).second);
        ++field;
    }
    return model;
}

/* For messages, and to compare what comes from different places. */
inline std::string describe(const std::optional<RegisterModel>& r)
{
    return r ? "(" + std::to_string(r->stamp) + " " + r->client + " " + std::to_string(r->number) +
                   " " + r->text.value_or("gone") + ")"
             : "none";
}

inline std::string describe(const RegistersModel& model)
{
    std::string text = "alive " + describe(model.alive) + " dead " + describe(model.dead) +
                       " horizon " + std::to_string(model.horizon);
    for (const auto& [name, field] : model.fields)
        text += "\n  " + name + " " + describe(field);
    return text;
}

inline std::string describe(const ClockModel& clock)
{
    HeapMemory memory;
    return std::string(clock_to_text(ClockView(make_clock(clock, memory)), memory));
}

inline std::string describe(int64_t version, Ticks lamport, const ClockModel& clock, bool exists,
                            const RegistersModel& registers)
{
    return "version " + std::to_string(version) + " lamport " + std::to_string(lamport) +
           (exists ? " exists " : " does not exist ") + describe(clock) + "\n" +
           describe(registers) + "\n";
}

inline std::string describe(const Row& row)
{
    return describe(row.version, row.lamport, model_of(row.clock), row.exists, registers_of(row));
}

template <class T>
std::string describe_number(const char* name, const std::optional<T>& value)
{
    return value ? name + std::to_string(*value) : "";
}

inline std::string describe(const Edit& edit)
{
    std::string text = edit.client + " " + to_text(edit.operation) + " '" + edit.field + "'";
    for (const auto& [name, value] : edit.members)
        text += " " + name + "=" + value;
    if (edit.clock)
        text += " clock " + describe(*edit.clock);
    return text + describe_number(" number ", edit.number) + describe_number(" seen ", edit.seen) +
           describe_number(" timestamp ", edit.timestamp) + describe_number(" stamp ", edit.stamp);
}

inline std::string describe(const std::vector<Edit>& edits)
{
    std::string text;
    for (const Edit& edit : edits)
        text += describe(edit) + "\n";
    return text;
}

inline std::string describe(const Outcome& outcome)
{
    std::string text = outcome.applied ? "applied" : "superseded";
    if (outcome.changed) {
        text += " [";
        for (const std::string& field : *outcome.changed)
            text += field + " ";
        text += "]";
    }
    if (outcome.clock)
        text += " clock " + describe(*outcome.clock);
    return text + describe_number(" version ", std::optional(outcome.version)) +
           describe_number(" number ", std::optional(outcome.number)) +
           describe_number(" seen ", outcome.seen) +
           describe_number(" stamp ", std::optional(outcome.stamp)) +
           describe_number(" lamport ", std::optional(outcome.lamport));
}

} // namespace synckit::test
