/*
 * The triggers on synckit.deltas: a plain INSERT or COPY merges what it inserts, as the functions
 * do. pending_merges.hpp has how a statement's rows come together.
 */
#include "storage/pending_merges.hpp"

#include "storage/own_write.hpp"
#include "storage/rights.hpp"
#include "storage/row.hpp"
#include "storage/state_change.hpp"
#include "triggers/triggers.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "utils/rel.h"
#include "utils/uuid.h"
}

namespace synckit {

namespace {

/* The row as a delta; it refers to the row. */
DeltaInput delta_of_row(const Row& row, const ExtensionObjects& extension, bool may_stamp)
{
    DeltaInput input;
    input.document = row.text("document_id");
    input.client = row.text("client_id");
    if (!input.client)
        input.client = sql_client();
    input.operation = row.text("operation_type");
    input.field = row.text("field_path");
    input.server = row.text("server_id");
    input.value = row.json("value");
    input.clock_value = row.bigint("clock_value");
    if (std::optional<Datum> clock = row.get("clock", extension.vclock))
        input.clock = datum_bytes(*clock);
    if (std::optional<Datum> timestamp = row.get("timestamp", TIMESTAMPTZOID))
        input.timestamp = DatumGetTimestampTz(*timestamp);
    input.seen = row.bigint("seen");
    /* Without the right to bring one it is no error: the column is overwritten. */
    if (may_stamp)
        input.stamp = row.bigint("stamp");
    if (std::optional<Datum> id = row.get("id", UUIDOID)) {
        input.id.emplace();
        std::memcpy(input.id->data(), DatumGetUUIDP(*id)->data, UUID_LEN);
    } else {
        input.id = new_delta_id(GetCurrentTimestamp());
    }
    CaughtError refusal;
    if (!prepare_delta(input, may_stamp, input.stamp.has_value(), refusal))
        raise(refusal);
    return input;
}

[[noreturn]] void refuse_id_of_another_document()
{
    run_pure([] { throw_id_of_another_document(); });
    pg_unreachable();
}

/* Whether the log holds the delta already, for this document. */
bool is_recorded(DeltaLog& log, const DeltaInput& input)
{
    Datum id = PointerGetDatum(input.id->data());
    Datum ids = PointerGetDatum(construct_array(&id, 1, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
    bool recorded = false;
    log.find(ids, [&](const Uuid&, std::string_view document, RecordedDelta*) {
        if (document != *input.document)
            refuse_id_of_another_document();
        recorded = true;
    });
    return recorded;
}

/* Locks or creates the document; null if the log holds the delta already. */
OpenDocument* open(PendingMerges& merges, DocumentRows& rows, DeltaLog& log, DeltaInput& input)
{
    ContextMemory& memory = merges.memory();
    OpenDocument document;
    document.id = text_datum(*input.document);
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        CHECK_FOR_INTERRUPTS();
        bool locked = document.lock(rows);
        if (is_recorded(log, input))
            return nullptr;
        DeltaInput* first = &input;
        if (locked || document.create(rows, {&first, 1}, memory)) {
            document.load(memory, input.stamp.has_value());
            return &merges.add(document);
        }
    }
    refuse_hidden_row("documents", document.id);
}

HeapTuple filled_row(const Row& row, TupleDesc descriptor, const ExtensionObjects& extension,
                     DeltaInput& input)
{
    const Verdict& verdict = *input.verdict;
    auto* id = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
    std::memcpy(id->data, input.id->data(), UUID_LEN);
    RowChange change(descriptor);
    change.set("id", UUIDOID, UUIDPGetDatum(id));
    change.set("client_id", TEXTOID, text_datum(input.delta.client));
    change.set("field_path", TEXTOID, text_datum(input.delta.field));
    change.set("clock_value", INT8OID, Int64GetDatum(verdict.number));
    change.set("timestamp", TIMESTAMPTZOID, TimestampTzGetDatum(*input.timestamp));
    change.set("clock", extension.vclock, verdict.clock ? copy_value(*verdict.clock) : Datum(0),
               !verdict.clock);
    change.set("seen", INT8OID, Int64GetDatum(verdict.seen.value_or(0)), !verdict.seen);
    change.set("stamp", INT8OID, Int64GetDatum(verdict.stamp));
    change.set("lamport", INT8OID, Int64GetDatum(verdict.lamport));
    change.set("version", INT8OID, Int64GetDatum(verdict.version));
    change.set("outcome", TEXTOID, text_datum(verdict.applied ? "applied" : "superseded"));
    change.set("changed_fields", TEXTARRAYOID,
               verdict.complete ? Datum(0) : text_array(verdict.changed_fields), verdict.complete);
    if (!input.server && settings::server_id[0])
        change.set("server_id", TEXTOID, text_datum(settings::server_id));
    change.set("seq", INT8OID, Int64GetDatum(input.seq));
    change.set("xid", XID8OID, UInt64GetDatum(U64FromFullTransactionId(GetTopFullTransactionId())));
    return change.apply(row.tuple());
}

/* Writes what is kept, where it has become much, or where a stamped delta needs the texts of a
 * document that was opened without them. */
void write_early(PendingMerges& merges, const Row& row, const ExtensionObjects& extension,
                 bool may_stamp)
{
    const OpenDocument* open = merges.find(row.text("document_id").value_or(""));
    bool lacks_texts = open && !open->with_texts && may_stamp && row.bigint("stamp");
    if (!lacks_texts && !merges.is_large(open))
        return;
    DocumentRows rows(extension, CurrentMemoryContext);
    merges.write_all(rows);
}

/* Once written a large value is in TOAST; to read it again would cost too much. */
constexpr Size most_read_again = 2000;

/* Of what a merge decides, and what it was made of. */
uint64 fingerprint_of(const Row& row)
{
    uint64 hash = 0;
    for (const char* name : {"clock_value", "stamp", "lamport", "version", "seq"})
        hash = hash_combine64(hash, DatumGetUInt64(row.require(name, INT8OID)));
    auto add = [&](Bytes bytes) {
        hash = hash_combine64(hash,
                              hash_bytes_extended(bytes.data(), static_cast<int>(bytes.size()), 0));
    };
    for (const char* name : {"document_id", "client_id", "operation_type", "field_path", "outcome"})
        add(datum_bytes(row.require(name, TEXTOID)));
    if (std::optional<Datum> value = row.get("value", JSONBOID)) {
        Size size = toast_raw_datum_size(*value);
        hash = hash_combine64(hash, size);
        if (size <= most_read_again)
            add(datum_bytes(*value));
    }
    return hash;
}

/* Null: a duplicate, which is not inserted a second time. */
HeapTuple merge_row(TriggerData* trigger, const ExtensionObjects& extension, bool may_stamp)
{
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    PendingMerges& merges = PendingMerges::current();
    SpiSession spi;
    MemoryContext spi_context = CurrentMemoryContext;
    write_early(merges, Row(trigger->tg_trigtuple, descriptor), extension, may_stamp);
    ContextMemory& memory = merges.memory();
    DocumentRows rows(extension, memory.context());
    DeltaLog log(extension, memory.context());
    MemoryContextSwitchTo(memory.context());
    Row row(heap_copytuple(trigger->tg_trigtuple), descriptor);
    DeltaInput input = delta_of_row(row, extension, may_stamp);
    OpenDocument* document = merges.find(*input.document);
    const OpenDocument* earlier = merges.document_of_delta(*input.id);
    if (earlier && earlier != document)
        refuse_id_of_another_document();
    if (!document)
        document = open(merges, rows, log, input);
    else if (earlier || is_recorded(log, input))
        document = nullptr;
    if (document) {
        run_pure([&] { input.verdict = document->apply(input.delta, memory); });
        draw_sequence(input);
        if (!input.timestamp)
            input.timestamp = document->now;
        merges.note_merged(*input.id, *document, row.tuple()->t_len);
    }
    MemoryContextSwitchTo(spi_context);
    spi.finish();
    if (!document)
        return nullptr;
    HeapTuple filled = filled_row(row, descriptor, extension, input);
    merges.note_filled(fingerprint_of(Row(filled, descriptor)));
    return filled;
}

HeapTuple with_null_xid(HeapTuple tuple, TupleDesc descriptor)
{
    RowChange change(descriptor);
    change.set("xid", XID8OID, Datum(0), true);
    return change.apply(tuple);
}

HeapTuple before_insert(FunctionCallInfo fcinfo, TriggerData* trigger)
{
    TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
    if (pass_own_write(trigger))
        return trigger->tg_trigtuple;
    if (is_replica())
        return with_null_xid(trigger->tg_trigtuple, descriptor);
    require_schema();
    bool may_stamp = may_bring_stamps();
    Row row(trigger->tg_trigtuple, descriptor);
    if (may_stamp && row.bigint("stamp") && row.bigint("version"))
        return with_null_xid(trigger->tg_trigtuple, descriptor); // restored: it has been merged
    return merge_row(trigger, extension_of(fcinfo), may_stamp);
}

void after_insert(FunctionCallInfo fcinfo, TriggerData* trigger)
{
    if (has_passed(trigger) || is_replica() || !PendingMerges::current().awaits_rows())
        return; // a function's own row
    Row row(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation));
    if (!row.get("xid", XID8OID))
        return; // restored
    SpiSession spi;
    DocumentRows rows(extension_of(fcinfo), CurrentMemoryContext);
    PendingMerges::current().note_inserted(rows, fingerprint_of(row));
    spi.finish();
}

/* Begins and ends of statements that are no INSERT would be taken for those of one. */
[[noreturn]] void refuse_event()
{
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("synckit_deltas_trigger() was called for an event that is not its own"),
                    errhint("Drop the trigger: synckit's own are made by synckit_migrate().")));
    pg_unreachable();
}

/* By the statement, so that nothing is read first; and by the row, which a statement that names
 * another table, one that synckit.deltas inherits from or is a partition of, does not pass by. */
HeapTuple refuse_update(TriggerData* trigger)
{
    if (is_replica())
        return trigger->tg_newtuple;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("rows of synckit.deltas cannot be changed"),
                    errdetail("They record what was merged, and what was published."),
                    errhint("Write a new delta. ON CONFLICT DO NOTHING skips one that is there.")));
    return nullptr;
}

} // namespace

} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(synckit_deltas_trigger)
{
    TriggerData* trigger = trigger_call(fcinfo, "synckit_deltas_trigger", "deltas");
    TriggerEvent event = trigger->tg_event;
    bool for_row = TRIGGER_FIRED_FOR_ROW(event), before = TRIGGER_FIRED_BEFORE(event);
    if (TRIGGER_FIRED_BY_UPDATE(event) && before) {
        return PointerGetDatum(refuse_update(trigger)); // null for the statement
    } else if (!TRIGGER_FIRED_BY_INSERT(event)) {
        refuse_event();
    } else if (for_row) {
        if (before)
            return PointerGetDatum(before_insert(fcinfo, trigger));
        after_insert(fcinfo, trigger);
    } else if (before) {
        PendingMerges::begin_statement();
    } else {
        PendingMerges::end_statement();
    }
    return PointerGetDatum(nullptr);
}
