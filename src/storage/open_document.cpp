#include "storage/open_document.hpp"

#include "storage/decisions.hpp"
#include "storage/delta_input.hpp"
#include "storage/pending_merges.hpp"
#include "postgres/json_text.hpp"
#include "postgres/settings.hpp"

extern "C" {
#include "commands/sequence.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

bool same_bytes(Bytes a, Bytes b)
{
    return std::ranges::equal(a, b);
}

Document* make_document(const StoredDocument& stored, ContextMemory& memory)
{
    Document* document = nullptr;
    run_pure([&] {
        document =
            new (memory.allocate(sizeof(Document), alignof(Document))) Document(stored, memory);
    });
    return document;
}

} // namespace

void OpenDocument::take(const DocumentRow& row)
{
    stored = row;
    now = GetCurrentTimestamp();
}

bool OpenDocument::lock(DocumentRows& rows)
{
    refuse_pending_merge(id);
    DocumentRow row;
    if (!rows.lock(id, row))
        return false;
    take(row);
    return true;
}

bool OpenDocument::lock_existing(DocumentRows& rows)
{
    refuse_pending_merge(id);
    DocumentRow row;
    if (!rows.lock_existing(id, row))
        return false;
    take(row);
    return true;
}

bool OpenDocument::create(DocumentRows& rows, std::span<DeltaInput* const> first,
                          ContextMemory& memory)
{
    refuse_pending_deletion(id);
    DocumentRow before;
    bool had_before = rows.read_tombstone(id, before);
    MemoryContext spi_context = MemoryContextSwitchTo(memory.context());
    now = GetCurrentTimestamp();
    document = make_document(
        {before.version, before.lamport, before.clock, before.registers, false, {}}, memory);
    for (DeltaInput* input : first) {
        CaughtError refusal; // not yet
        if (try_pure(refusal, [&] {
                document->apply(input->delta, ticks_of(now), settings::merge_limits());
            }))
            draw_sequence(*input);
    }
    inserted = new_row(true);
    document = nullptr; // provisional
    MemoryContextSwitchTo(spi_context);

    ItemPointerData place;
    created = rows.insert(id, inserted, place);
    if (created) {
        stored = DocumentRow();
        had_tombstone = rows.take_tombstone(id, stored);
        stored.ctid = place;
    }
    if (!created || had_tombstone != had_before || stored.version != before.version) {
        for (DeltaInput* input : first)
            input->seq = 0;
        now = GetCurrentTimestamp();
    }
    return created;
}

void draw_sequence(DeltaInput& delta)
{
    if (delta.seq == 0)
        delta.seq = nextval_internal(require_table("deltas_seq"), false);
}

/* The fields of the stored state, in jsonb's own order. */
void OpenDocument::read_state(bool with_texts)
{
    if (!stored.state)
        return;
    JsonbContainer* root = &stored.state->root;
    if (!JsonContainerIsObject(root))
        ereport(ERROR,
                (errcode(ERRCODE_DATA_CORRUPTED),
                 errmsg("the state of document \"%s\" is not an object", TextDatumGetCString(id))));
    size_t count = JsonContainerSize(root), filled = 0;
    fields = make_array<StateField>(count);
    values = make_array<JsonbValue>(count).data();
    JsonbIterator* iterator = JsonbIteratorInit(root);
    JsonbValue key;
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &key, true)) {
        if (token != WJB_KEY)
            continue;
        JsonbValue* value = &values[filled];
        JsonbIteratorNext(&iterator, value, true);
        fields[filled++] = {{key.val.string.val, static_cast<size_t>(key.val.string.len)},
                            with_texts ? json_text(value) : std::string_view()};
    }
}

void OpenDocument::load(ContextMemory& memory, bool with_texts)
{
    MemoryContext caller = MemoryContextSwitchTo(memory.context());
    this->with_texts = with_texts;
    read_state(with_texts);
    document = make_document(
        {stored.version, stored.lamport, stored.clock, stored.registers, stored.exists, fields},
        memory);
    MemoryContextSwitchTo(caller);
}

Jsonb* OpenDocument::build_state() const
{
    /* What is needed on the way takes several times the room of the result, for each document. */
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext passing = AllocSetContextCreate(caller, "synckit state", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(passing);
    JsonbParseState* state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    size_t at = 0;
    /* The visitor may ereport: nothing below it holds anything that would have to be destroyed. */
    document->visit_state([&](std::string_view name, const void* value) {
        if (!value) {
            while (fields[at].name != name)
                ++at;
            value = &values[at];
        }
        JsonbValue key;
        key.type = jbvString;
        key.val.string.val = const_cast<char*>(name.data());
        key.val.string.len = static_cast<int>(name.size());
        pushJsonbValue(&state, WJB_KEY, &key);
        pushJsonbValue(&state, WJB_VALUE, static_cast<JsonbValue*>(const_cast<void*>(value)));
    });
    Jsonb* built = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr));
    check_text_of_state(built);
    MemoryContextSwitchTo(caller);
    auto* kept = static_cast<Jsonb*>(palloc(VARSIZE(built)));
    std::memcpy(kept, built, VARSIZE(built));
    MemoryContextDelete(passing);
    return kept;
}

void check_text_of_state(const Jsonb* state)
{
    if (is_text_longer(const_cast<Jsonb*>(state), most_state_text_bytes))
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a document is too large"),
                        errdetail("Its state would have more than 512 MB as text."),
                        errhint("Split the document into several.")));
}

NewDocumentRow OpenDocument::new_row(bool with_state) const
{
    NewDocumentRow row{};
    run_pure([&] {
        row.version = document->version();
        row.lamport = document->lamport();
        row.clock = document->clock();
        row.registers = document->registers();
    });
    row.now = now;
    if (with_state)
        row.state = build_state();
    return row;
}

Verdict* OpenDocument::apply(const Delta& delta, ContextMemory& memory)
{
    Verdict verdict = document->apply(delta, ticks_of(now), settings::merge_limits());
    ++accepted;
    return new (memory.allocate(sizeof(Verdict), alignof(Verdict))) Verdict(std::move(verdict));
}

namespace {

/* Writes all but an update of the row, which is what is returned. */
std::optional<DocumentUpdate> write_but_update(DocumentRows& rows, OpenDocument& open)
{
    if (open.accepted == 0) {
        if (open.created) { // for nothing, as it turned out
            rows.remove(open.id, open.stored.ctid);
            if (open.had_tombstone)
                rows.put_tombstone(open.id, open.stored);
        }
        return std::nullopt;
    }
    NewDocumentRow row = open.new_row(false);
    if (!open.document->exists()) {
        refuse_pending_birth(open.id, open.stored.version);
        rows.remove(open.id, open.stored.ctid);
        rows.put_tombstone(open.id, tombstone_of(row));
        return std::nullopt;
    }
    const NewDocumentRow& inserted = open.inserted;
    bool as_inserted = open.created && row.version == inserted.version &&
                       row.lamport == inserted.lamport && same_bytes(row.clock, inserted.clock) &&
                       same_bytes(row.registers, inserted.registers);
    if (as_inserted)
        return std::nullopt;
    if (open.created || open.document->state_changed())
        row.state = open.build_state();
    return DocumentUpdate{open.id, &open.stored, row};
}

} // namespace

void write_documents(DocumentRows& rows, std::span<OpenDocument* const> documents)
{
    auto updates = make_array<DocumentUpdate>(documents.size());
    size_t count = 0;
    for (OpenDocument* document : documents) {
        CHECK_FOR_INTERRUPTS();
        if (std::optional<DocumentUpdate> update = write_but_update(rows, *document))
            updates[count++] = *update;
    }
    rows.update(updates.first(count));
}

} // namespace synckit
