#include "document/document.hpp"

#include <algorithm>

#include "base/error.hpp"

#include "base/pure_only.hpp"

namespace synckit {

Document::Document(const StoredDocument& stored, Memory& memory)
    : memory_(memory), version_(stored.version), lamport_(stored.lamport),
      clock_(stored.clock.empty() ? ClockView() : ClockView(stored.clock)),
      clock_index_(clock_, memory), raised_(&memory),
      registers_(stored.registers.empty() ? Registers(&memory)
                                          : decode_registers(stored.registers, memory)),
      sorted_clients_(registers_.clients.size()), new_clients_(&memory), stored_fields_(&memory),
      new_fields_(&memory)
{
    implicitly_alive_ = stored.exists && registers_.alive == no_write;
    load_state(stored.state, registers_.live);
    for (const Tombstone& tombstone : registers_.tombstones)
        if (!find(tombstone.name))
            new_fields_.insert_or_assign(
                tombstone.name,
                Field{tombstone.name, nullptr, {}, tombstone.write, Kind::tombstone});
}

/*
 * Gives each field of the state its register. They stand in the same order, unless the state was
 * changed behind our back: then a field without a register counts as written at stamp 1, and a
 * register whose field is gone is dropped.
 */
void Document::load_state(std::span<const StateField> state, std::span<const LiveField> live)
{
    stored_fields_.reserve(state.size());
    std::pmr::multimap<uint32_t, uint32_t> displaced(
        &memory_); // hash to write, once the order is lost
    bool in_order = true;
    for (size_t i = 0; i < state.size(); ++i) {
        uint32_t hash = name_hash(state[i].name), write = no_write;
        if (in_order && (i >= live.size() || live[i].name_hash != hash)) {
            in_order = false;
            for (size_t rest = i; rest < live.size(); ++rest)
                displaced.emplace(live[rest].name_hash, live[rest].write);
        }
        if (in_order) {
            write = live[i].write;
        } else if (auto found = displaced.find(hash); found != displaced.end()) {
            write = found->second;
            displaced.erase(found);
        }
        stored_fields_.push_back({state[i].name, nullptr, state[i].text, write, Kind::live});
    }
}

Document::Field* Document::find(std::string_view name)
{
    auto at = std::ranges::lower_bound(stored_fields_, name, KeyOrder(), &Field::name);
    if (at != stored_fields_.end() && at->name == name)
        return at->kind == Kind::gone ? nullptr : &*at;
    auto added = new_fields_.find(name);
    return added == new_fields_.end() || added->second.kind == Kind::gone ? nullptr
                                                                          : &added->second;
}

std::string_view Document::client_of(uint32_t write) const
{
    return write == no_write ? std::string_view()
                             : registers_.clients[registers_.writes[write].client];
}

Ticks Document::stamp_of(uint32_t write) const
{
    return write == no_write ? 1 : registers_.writes[write].stamp;
}

Counter Document::number_of(uint32_t write) const
{
    return write == no_write ? 0 : registers_.writes[write].number;
}

uint32_t Document::client_index(std::string_view client)
{
    auto& clients = registers_.clients;
    auto sorted_end = clients.begin() + static_cast<ptrdiff_t>(sorted_clients_);
    auto at = std::lower_bound(clients.begin(), sorted_end, client);
    if (at != sorted_end && *at == client)
        return static_cast<uint32_t>(at - clients.begin());
    auto [known, is_new] = new_clients_.emplace(client, static_cast<uint32_t>(clients.size()));
    if (is_new)
        clients.push_back(client);
    return known->second;
}

uint32_t Document::add_write(std::string_view client, Ticks stamp, Counter number)
{
    registers_.writes.push_back({stamp, client_index(client), number});
    return static_cast<uint32_t>(registers_.writes.size() - 1);
}

int Document::compare_writes(uint32_t a, uint32_t b) const
{
    if (stamp_of(a) != stamp_of(b))
        return stamp_of(a) < stamp_of(b) ? -1 : 1;
    return client_of(a).compare(client_of(b));
}

Counter Document::entry(std::string_view client) const
{
    auto raised = raised_.find(client);
    return raised != raised_.end() ? raised->second : clock_index_.get(ClientId::from_text(client));
}

void Document::raise_entry(std::string_view client, Counter number)
{
    if (number > entry(client))
        raised_.insert_or_assign(client, number);
}

bool Document::exists() const
{
    if (registers_.alive == no_write && !implicitly_alive_)
        return false;
    return registers_.dead == no_write || compare_writes(registers_.alive, registers_.dead) >= 0;
}

Bytes Document::clock()
{
    if (!raised_.empty()) {
        std::pmr::vector<ClockEntry> entries(&memory_);
        for (const auto& [client, number] : raised_)
            entries.push_back({ClientId::from_text(client), number});
        clock_ = ClockView(clock_merge(clock_, ClockView(make_clock(entries, memory_)), memory_));
        clock_index_ = ClockIndex(clock_, memory_);
        raised_.clear();
    }
    return clock_.bytes();
}

Bytes Document::registers() const
{
    Registers out(&memory_);
    out.clients = registers_.clients;
    out.writes = registers_.writes;
    out.horizon = registers_.horizon;
    out.alive = registers_.alive;
    out.dead = registers_.dead;
    visit_fields([&](const Field& field) {
        if (field.kind == Kind::live)
            out.live.push_back({name_hash(field.name), field.write});
        else if (field.kind == Kind::tombstone)
            out.tombstones.push_back({field.name, field.write});
    });
    return encode_registers(out, memory_);
}

void Document::raise(uint32_t& document_register, uint32_t write) const
{
    int order = document_register == no_write ? 1 : compare_writes(write, document_register);
    if (order == 0)
        order = number_of(write) > number_of(document_register) ? 1 : 0;
    if (order > 0)
        document_register = write;
}

/* The maximum of the register and the candidate by (stamp, client, value, number); true if the
 * candidate took it. */
bool Document::merge_field(const Member& member, Kind kind, uint32_t write)
{
    if (registers_.dead != no_write && compare_writes(write, registers_.dead) < 0)
        return false;
    Field* field = find(member.name);
    if (!field) {
        if (stamp_of(write) <= registers_.horizon)
            return false;
    } else {
        int order = compare_writes(write, field->write);
        if (order == 0)
            order = member.text.compare(field->text);
        if (order == 0)
            order = number_of(write) > number_of(field->write) ? 1 : 0;
        if (order <= 0)
            return false;
    }
    state_changed_ |= kind == Kind::live || (field && field->kind == Kind::live);
    Field taken{member.name, member.value, member.text, write, kind};
    if (field) {
        taken.name = field->name; // the key of its place
        *field = taken;
        return true;
    }
    auto at = std::ranges::lower_bound(stored_fields_, member.name, KeyOrder(), &Field::name);
    if (at != stored_fields_.end() && at->name == member.name)
        *at = taken;
    else
        new_fields_.insert_or_assign(member.name, taken);
    return true;
}

/* What is below the document's death is dropped: values and tombstones alike. */
void Document::drop_dead_fields(std::pmr::vector<std::string_view>& removed)
{
    visit_registers([&](Field& field) {
        if (compare_writes(field.write, registers_.dead) >= 0)
            return;
        if (field.kind == Kind::live) {
            removed.push_back(field.name);
            state_changed_ = true;
        }
        field.kind = Kind::gone;
    });
}

/* Rule 5, and the outcome that rule 6 logs. */
void Document::merge(const Delta& delta, Verdict& verdict)
{
    bool existed = exists();
    uint32_t write = add_write(delta.client, verdict.stamp, verdict.number);
    auto& changed = verdict.changed_fields;
    if (delta.deletes_document()) {
        uint32_t before = registers_.dead;
        raise(registers_.dead, write);
        if (registers_.dead != before) // else what it kills is dead already
            drop_dead_fields(changed);
        verdict.complete = !exists();
    } else if (delta.operation == Operation::erase) {
        if (merge_field({delta.field, nullptr, {}}, Kind::tombstone, write))
            changed.push_back(delta.field);
        verdict.complete = !changed.empty();
    } else {
        for (const Member& member : delta.members)
            if (merge_field(member, Kind::live, write))
                changed.push_back(member.name);
        raise(registers_.alive, write);
        verdict.complete = changed.size() == delta.members.size();
    }
    verdict.applied = !changed.empty() || exists() != existed;
    std::ranges::sort(changed);
    if (verdict.complete)
        changed.clear();
}

void Document::join(const Delta& stamped)
{
    Verdict verdict(&memory_);
    verdict.stamp = *stamped.stamp;
    verdict.number = *stamped.clock_value;
    merge(stamped, verdict);
    raise_entry(stamped.client, verdict.number);
    lamport_ = std::max(lamport_, verdict.stamp + 1);
}

} // namespace synckit
