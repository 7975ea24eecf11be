#include "storage/decisions.hpp"

extern "C" {
#include "access/xact.h"
#include "common/hashfn.h"
#include "utils/fmgrprotos.h"
}

namespace synckit {

namespace {

struct Key {
    OwnWrite::Event event;
    std::string_view id;
    int64_t version;
    auto operator<=>(const Key&) const = default;
};

struct KeptDecision;
using Entries = std::pmr::multimap<Key, KeptDecision*>;

struct KeptDecision : Decision {
    uint64 fingerprint = 0;
    int nest_level = GetCurrentTransactionNestLevel();
};

/* The memory of what one statement decides, in the memory that ends with the statement. */
struct StatementMemory {
    MemoryContext parent;
    MemoryContext context;
    MemoryContextCallback on_delete;
    StatementMemory* next;
};
StatementMemory* statements = nullptr;

/* By event, document and version. Two rows of one INSERT may have the same of all three; with ON
 * CONFLICT DO NOTHING one of them does not happen. */
struct Decisions {
    explicit Decisions(MemoryContext context) : memory(context), entries(&memory) {}
    ContextMemory memory;
    Entries entries;
};
Decisions* decisions = nullptr;

/* The registry does not give back what its entries took: now and then it is made anew. */
constexpr size_t most_idle_bytes = 64 * 1024;

void forget_all(XactEvent event, void*)
{
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
        decisions = nullptr; // its memory ends with the transaction's
}

/* What was decided in a subtransaction did not happen either, if that is rolled back. */
void forget_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void*)
{
    if (event != SUBXACT_EVENT_ABORT_SUB || !decisions)
        return;
    int level = GetCurrentTransactionNestLevel();
    for (auto at = decisions->entries.begin(); at != decisions->entries.end();) {
        KeptDecision* decision = at->second;
        bool undone = decision->nest_level >= level;
        at = undone ? decisions->entries.erase(at) : std::next(at);
        if (undone)
            free_decision(decision);
    }
}

/* The statement has ended: what it has decided and not logged did not happen. */
void forget_statement(void* argument)
{
    auto* ended = static_cast<StatementMemory*>(argument);
    StatementMemory** place = &statements;
    while (*place != ended)
        place = &(*place)->next;
    *place = ended->next;
    if (decisions)
        std::erase_if(decisions->entries,
                      [&](const auto& entry) { return entry.second->context == ended->context; });
}

/*
 * Memory that lasts as long as the statement. But not for what a foreign key does to the table: its
 * AFTER ROW triggers run at the end of the statement that it reacts to. There we are the trigger of
 * a trigger.
 */
MemoryContext memory_of_statement()
{
    MemoryContext executor = MemoryContextGetParent(CurrentMemoryContext);
    LOCAL_FCINFO(call, 0);
    InitFunctionCallInfoData(*call, nullptr, 0, InvalidOid, nullptr, nullptr);
    bool is_outermost = DatumGetInt32(pg_trigger_depth(call)) == 1;
    return is_outermost && executor && std::strcmp(executor->name, "ExecutorState") == 0
               ? executor
               : TopTransactionContext;
}

Decisions& registry()
{
    static bool registered = false;
    if (!registered) {
        RegisterXactCallback(forget_all, nullptr);
        RegisterSubXactCallback(forget_subtransaction, nullptr);
    }
    registered = true;
    if (decisions && decisions->entries.empty() &&
        MemoryContextMemAllocated(decisions->memory.context(), false) > most_idle_bytes) {
        MemoryContextDelete(decisions->memory.context());
        decisions = nullptr;
    }
    if (!decisions) {
        MemoryContext context =
            AllocSetContextCreate(TopTransactionContext, "synckit decisions", ALLOCSET_SMALL_SIZES);
        decisions = new (MemoryContextAlloc(context, sizeof(Decisions))) Decisions(context);
    }
    return *decisions;
}

Key key_of(OwnWrite::Event event, const Row& row)
{
    return {event, datum_text(row.require("id", TEXTOID)),
            DatumGetInt64(row.require("version", INT8OID))};
}

/* Of what a merge decides. */
uint64 fingerprint_of(const Row& row, const ExtensionObjects& extension)
{
    uint64 hash = DatumGetUInt64(row.require("lamport", INT8OID));
    for (Datum value : {row.require("state", JSONBOID), row.require("clock", extension.vclock),
                        row.require("registers", extension.registers)}) {
        Bytes bytes = datum_bytes(value);
        hash = hash_combine64(hash,
                              hash_bytes_extended(bytes.data(), static_cast<int>(bytes.size()), 0));
    }
    return hash;
}

MemoryContext context_of_statement()
{
    MemoryContext parent = memory_of_statement();
    for (StatementMemory* statement = statements; statement; statement = statement->next)
        if (statement->parent == parent)
            return statement->context;
    MemoryContext context =
        AllocSetContextCreate(parent, "synckit decisions of a statement", ALLOCSET_DEFAULT_SIZES);
    auto* statement =
        static_cast<StatementMemory*>(MemoryContextAlloc(context, sizeof(StatementMemory)));
    *statement = {parent, context, {forget_statement, statement, nullptr}, statements};
    MemoryContextRegisterResetCallback(context, &statement->on_delete);
    statements = statement;
    return context;
}

bool is_awaited(const Key& key)
{
    return decisions && decisions->entries.contains(key);
}

/* Of whatever version. */
bool is_awaited(OwnWrite::Event event, std::string_view id)
{
    if (!decisions)
        return false;
    auto at = decisions->entries.lower_bound({event, id, INT64_MIN});
    return at != decisions->entries.end() && at->first.event == event && at->first.id == id;
}

} // namespace

Decision* new_decision()
{
    MemoryContext context = context_of_statement();
    auto* decision = new (MemoryContextAlloc(context, sizeof(KeptDecision))) KeptDecision();
    decision->context = context;
    return decision;
}

void free_decision(Decision* decision)
{
    for (HeapTuple delta : decision->deltas)
        heap_freetuple(delta);
    void* parts[] = {decision->deltas.data(), DatumGetPointer(decision->id),
                     const_cast<uint8_t*>(decision->tombstone.clock.data()),
                     const_cast<uint8_t*>(decision->tombstone.registers.data()), decision};
    for (void* part : parts)
        if (part)
            pfree(part);
}

void keep_decision(OwnWrite::Event event, const Row& row, const ExtensionObjects& extension,
                   Decision* decision)
{
    auto* kept = static_cast<KeptDecision*>(decision);
    Key key = key_of(event, row);
    if (event == OwnWrite::Event::remove)
        forget_deletion(key.id);
    else
        kept->fingerprint = fingerprint_of(row, extension);
    key.id = datum_text(kept->id);
    Decisions& all = registry();
    run_pure([&] { all.entries.emplace(key, kept); });
}

void keep_nothing(OwnWrite::Event event, const Row& row, const ExtensionObjects& extension)
{
    if (!is_awaited(key_of(event, row)))
        return;
    Decision* nothing = new_decision();
    MemoryContext caller = MemoryContextSwitchTo(nothing->context);
    nothing->id = text_datum(*row.text("id"));
    MemoryContextSwitchTo(caller);
    keep_decision(event, row, extension, nothing);
}

namespace {

[[noreturn]] void refuse_changed_row()
{
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("a trigger changed a row of synckit.documents after it was merged"),
                    errdetail("The row would not be what its deltas make of it."),
                    errhint("Change the state in a trigger whose name sorts before synckit's.")));
    pg_unreachable();
}

} // namespace

Decision* take_decision(OwnWrite::Event event, const Row& row, const ExtensionObjects& extension)
{
    if (!decisions || decisions->entries.empty())
        return nullptr;
    Key key = key_of(event, row);
    auto [begin, end] = decisions->entries.equal_range(key);
    if (begin == end) {
        if (is_awaited(event, key.id))
            refuse_changed_row(); // of another version
        return nullptr;
    }
    uint64 fingerprint = event == OwnWrite::Event::remove ? 0 : fingerprint_of(row, extension);
    for (auto at = begin; at != end; ++at)
        if (KeptDecision* found = at->second; found->fingerprint == fingerprint) {
            decisions->entries.erase(at);
            return found;
        }
    refuse_changed_row();
}

void forget_deletion(std::string_view id)
{
    if (!decisions)
        return;
    Key first{OwnWrite::Event::remove, id, 0};
    auto at = decisions->entries.lower_bound(first);
    while (at != decisions->entries.end() && at->first.event == first.event && at->first.id == id)
        at = decisions->entries.erase(at);
}

void refuse_pending_birth(Datum id, int64_t version)
{
    if (!is_awaited({OwnWrite::Event::insert, datum_text(id), version}))
        return;
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("document \"%s\" is being inserted by a statement that is under way",
                           TextDatumGetCString(id)),
                    errdetail("Its insertion is not logged before that ends."),
                    errhint("Delete the document in a statement of its own.")));
}

void refuse_pending_deletion(Datum id)
{
    if (!is_awaited(OwnWrite::Event::remove, datum_text(id)))
        return;
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("document \"%s\" is being deleted by a statement that is under way",
                           TextDatumGetCString(id)),
                    errdetail("Until that ends it does not show from where the document goes on."),
                    errhint("Write the document in a statement of its own.")));
}

} // namespace synckit
