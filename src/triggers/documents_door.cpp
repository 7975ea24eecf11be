/*
 * The triggers on synckit.documents: a plain INSERT, UPDATE or DELETE becomes the deltas that it
 * comes to, as synckit_save_document() and synckit_delete_document() make them.
 *
 * BEFORE ROW decides and fills in the row, and writes nothing: with ON CONFLICT it is called for
 * rows that never happen. AFTER ROW, which is called for what did happen, logs what was decided.
 */
#include "storage/decisions.hpp"

#include "bgworker/process/wakeup.hpp"
#include "storage/clock_raise.hpp"
#include "storage/key_lookup.hpp"
#include "storage/row_places.hpp"
#include "storage/own_write.hpp"
#include "storage/pending_merges.hpp"
#include "storage/rights.hpp"
#include "storage/row.hpp"
#include "storage/state_change.hpp"
#include "triggers/triggers.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace synckit {

namespace {

/* The columns of a stored row, in the current memory context. */
DocumentRow stored_row(const Row& row, const ExtensionObjects& extension)
{
    DocumentRow stored;
    stored.exists = true;
    stored.state = DatumGetJsonbPCopy(row.require("state", JSONBOID));
    stored.version = DatumGetInt64(row.require("version", INT8OID));
    stored.lamport = DatumGetInt64(row.require("lamport", INT8OID));
    stored.clock = datum_bytes(copy_value(datum_bytes(row.require("clock", extension.vclock))));
    stored.registers =
        datum_bytes(copy_value(datum_bytes(row.require("registers", extension.registers))));
    return stored;
}

/* The document of the row, in the current memory context. */
OpenDocument open(const Row& row)
{
    std::string_view id = datum_text(row.require("id", TEXTOID));
    run_pure([&] { check_document_id(id); });
    OpenDocument document;
    document.id = text_datum(id);
    refuse_pending_merge(document.id);
    document.now = GetCurrentTimestamp();
    return document;
}

Bytes copy_bytes(Bytes bytes)
{
    auto* copy = static_cast<uint8_t*>(palloc(std::max<size_t>(bytes.size(), 1)));
    std::ranges::copy(bytes, copy);
    return {copy, bytes.size()};
}

/* What AFTER ROW needs, in memory that lasts until then: what the merge took is much more, and goes
 * with the row. */
Decision* decide(const OpenDocument& document, std::span<DeltaInput> merged, DeltaLog log)
{
    Decision* decided = new_decision();
    MemoryContext caller = MemoryContextSwitchTo(decided->context);
    decided->id = text_datum(datum_text(document.id));
    decided->had_tombstone = document.had_tombstone;
    decided->tombstone_version = document.stored.version;
    decided->deltas = make_array<HeapTuple>(merged.size());
    for (size_t i = 0; i < merged.size(); ++i)
        decided->deltas[i] = log.pack(settle(document, merged[i]));
    MemoryContextSwitchTo(caller);
    return decided;
}

/* The clock that a user gave, if it is one that the document's may be raised to. */
Bytes raised_clock(const Row& row, const ExtensionObjects& extension, Bytes merged, Ticks lamport,
                   TimestampTz now, bool must_cover, Bytes stored, ContextMemory& memory)
{
    std::optional<Datum> given = row.get("clock", extension.vclock);
    if (!given)
        return merged;
    Bytes clock = datum_bytes(*given), raised;
    run_pure([&] {
        if (must_cover)
            check_not_lowered(ClockView(stored), ClockView(clock));
        check_raise(ClockView(merged), ClockView(clock), lamport, ticks_of(now), memory);
        raised = clock_merge(ClockView(merged), ClockView(clock), memory);
    });
    return raised;
}

HeapTuple before_insert(FunctionCallInfo fcinfo, TriggerData* trigger)
{
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    ExtensionObjects extension = extension_of(fcinfo);
    Row row(trigger->tg_trigtuple, descriptor);
    if (row.get("registers", extension.registers) && may_bring_stamps()) {
        check_restored(row);
        check_state(row.json("state"));
        keep_nothing(OwnWrite::Event::insert, row, extension);
        return trigger->tg_trigtuple; // restored: it has been merged
    }
    Jsonb* state = row.json("state");
    check_state(state);

    OpenDocument document = open(row);
    refuse_pending_deletion(document.id);
    await_writers(document.id);
    ContextMemory memory(CurrentMemoryContext);
    SpiSession spi;
    DocumentRows rows(extension, memory.context());
    document.had_tombstone = rows.read_tombstone(document.id, document.stored);
    spi.finish();

    document.load(memory, false);
    std::span<DeltaInput> deltas = deltas_of_state(document, state, sql_client());
    merge_all(document, deltas, memory);
    NewDocumentRow made = document.new_row(false);

    RowChange change(descriptor);
    change.set("version", INT8OID, Int64GetDatum(made.version));
    change.set("lamport", INT8OID, Int64GetDatum(made.lamport));
    change.set("clock", extension.vclock,
               copy_value(raised_clock(row, extension, made.clock, made.lamport, made.now, false,
                                       {}, memory)));
    change.set("registers", extension.registers, copy_value(made.registers));
    if (!row.get("created_at", TIMESTAMPTZOID))
        change.set("created_at", TIMESTAMPTZOID, TimestampTzGetDatum(made.now));
    change.set("updated_at", TIMESTAMPTZOID, TimestampTzGetDatum(made.now));
    HeapTuple changed = change.apply(trigger->tg_trigtuple);
    keep_decision(OwnWrite::Event::insert, Row(changed, descriptor), extension,
                  decide(document, deltas, DeltaLog(extension, CurrentMemoryContext)));
    return changed;
}

/* What the merge decides is not for others to set. */
void check_untouched(const Row& before, const Row& after, const ExtensionObjects& extension)
{
    auto same = [&](const char* name, Oid type) {
        Datum old = before.require(name, type);
        std::optional<Datum> now = after.get(name, type);
        bool equal = now && (type == INT8OID ? *now == old : datum_text(*now) == datum_text(old));
        if (!equal)
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("column \"%s\" of synckit.documents cannot be changed", name),
                            errdetail("It is decided when deltas are merged."),
                            errhint("Change the state; the clock may be raised.")));
    };
    same("id", TEXTOID);
    same("version", INT8OID);
    same("lamport", INT8OID);
    same("registers", extension.registers);
}

HeapTuple before_update(FunctionCallInfo fcinfo, TriggerData* trigger)
{
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    ExtensionObjects extension = extension_of(fcinfo);
    Row before(trigger->tg_trigtuple, descriptor), after(trigger->tg_newtuple, descriptor);
    check_untouched(before, after, extension);
    Jsonb* state = after.json("state");
    check_state(state);
    std::optional<Datum> clock = after.get("clock", extension.vclock);
    if (!clock)
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("clock of a document must not be null")));

    OpenDocument document = open(before);
    ContextMemory memory(CurrentMemoryContext);
    document.stored = stored_row(before, extension);
    document.load(memory, false);
    std::span<DeltaInput> deltas = deltas_of_state(document, state, sql_client());
    merge_all(document, deltas, memory);
    NewDocumentRow made = document.new_row(false);
    Bytes raised = raised_clock(after, extension, made.clock, made.lamport, made.now, true,
                                document.stored.clock, memory);

    RowChange change(descriptor);
    change.set("clock", extension.vclock, copy_value(raised));
    if (deltas.empty()) { // the user's own columns, or the clock alone
        change.set("updated_at", TIMESTAMPTZOID, before.require("updated_at", TIMESTAMPTZOID));
        HeapTuple changed = change.apply(trigger->tg_newtuple);
        keep_nothing(OwnWrite::Event::update, Row(changed, descriptor), extension);
        return changed;
    }
    change.set("version", INT8OID, Int64GetDatum(made.version));
    change.set("lamport", INT8OID, Int64GetDatum(made.lamport));
    change.set("registers", extension.registers, copy_value(made.registers));
    change.set("updated_at", TIMESTAMPTZOID, TimestampTzGetDatum(made.now));
    HeapTuple changed = change.apply(trigger->tg_newtuple);
    keep_decision(OwnWrite::Event::update, Row(changed, descriptor), extension,
                  decide(document, deltas, DeltaLog(extension, CurrentMemoryContext)));
    return changed;
}

HeapTuple before_delete(FunctionCallInfo fcinfo, TriggerData* trigger)
{
    ExtensionObjects extension = extension_of(fcinfo);
    Row row(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation));
    OpenDocument document = open(row);
    ContextMemory memory(CurrentMemoryContext);
    document.stored = stored_row(row, extension);
    refuse_pending_birth(document.id, document.stored.version);
    document.load(memory, false);
    std::span<DeltaInput> deltas = deltas_of_deletion(document, sql_client());
    merge_all(document, deltas, memory);
    DocumentRow tombstone = tombstone_of(document.new_row(false));

    Decision* decided = decide(document, deltas, DeltaLog(extension, CurrentMemoryContext));
    MemoryContext caller = MemoryContextSwitchTo(decided->context);
    tombstone.clock = copy_bytes(tombstone.clock);
    tombstone.registers = copy_bytes(tombstone.registers);
    decided->tombstone = tombstone;
    MemoryContextSwitchTo(caller);
    keep_decision(OwnWrite::Event::remove, row, extension, decided);
    return trigger->tg_trigtuple;
}

/* The tombstone that was read before the row was inserted must be the one that is there. */
void take_tombstone(DocumentRows& rows, const Decision& decided)
{
    DocumentRow taken;
    bool found = rows.take_tombstone(decided.id, taken);
    if (found != decided.had_tombstone || (found && taken.version != decided.tombstone_version))
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("could not serialize access due to concurrent delete"),
                        errdetail("The document was born and deleted by others meanwhile."),
                        errhint("Try again.")));
}

Row written_row(TriggerData* trigger)
{
    bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
    return {is_update ? trigger->tg_newtuple : trigger->tg_trigtuple,
            RelationGetDescr(trigger->tg_relation)};
}

void remember_place(TriggerData* trigger)
{
    Row row = written_row(trigger);
    note_place(row.text("id").value_or(""), row.tuple()->t_self);
}

void after(FunctionCallInfo fcinfo, TriggerData* trigger)
{
    bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
    Row row = written_row(trigger);
    ExtensionObjects extension = extension_of(fcinfo);
    Decision* decided = take_decision(event_of(trigger->tg_event), row, extension);
    if (!decided)
        return; // one that changes nothing
    SpiSession spi;
    DocumentRows rows(extension, CurrentMemoryContext);
    if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
        take_tombstone(rows, *decided);
    else if (!is_update)
        rows.put_tombstone(decided->id, decided->tombstone);
    DeltaLog log(extension, CurrentMemoryContext);
    log.write_packed(decided->deltas);
    note_deltas_written(decided->deltas.size());
    spi.finish();
    free_decision(decided);
}

} // namespace

} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(synckit_documents_trigger)
{
    TriggerData* trigger = trigger_call(fcinfo, "synckit_documents_trigger", "documents");
    TriggerEvent event = trigger->tg_event;
    if (TRIGGER_FIRED_BY_TRUNCATE(event))
        check_truncate(trigger);
    if (!TRIGGER_FIRED_FOR_ROW(event))
        return PointerGetDatum(nullptr);
    if (TRIGGER_FIRED_AFTER(event)) {
        if (!TRIGGER_FIRED_BY_DELETE(event))
            remember_place(trigger);
        if (!has_passed(trigger) && !is_replica())
            after(fcinfo, trigger); // of what somebody wrote by hand
        return PointerGetDatum(nullptr);
    }
    HeapTuple row = TRIGGER_FIRED_BY_UPDATE(event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
    if (pass_own_write(trigger)) {
        if (TRIGGER_FIRED_BY_DELETE(event))
            forget_deletion(
                Row(row, RelationGetDescr(trigger->tg_relation)).text("id").value_or(""));
        return PointerGetDatum(row);
    }
    if (is_replica())
        return PointerGetDatum(row);
    require_schema();
    return PointerGetDatum(TRIGGER_FIRED_BY_INSERT(event)   ? before_insert(fcinfo, trigger)
                           : TRIGGER_FIRED_BY_UPDATE(event) ? before_update(fcinfo, trigger)
                                                            : before_delete(fcinfo, trigger));
}
