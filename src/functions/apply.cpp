#include "functions/apply.hpp"

#include <algorithm>

#include "bgworker/wakeup.hpp"
#include "functions/rights.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace synckit {

namespace {

/* An array in the current memory context, of things that need no destructor. */
template <class T>
std::span<T> make_array(size_t count)
{
    auto* array = static_cast<T*>(palloc_extended(sizeof(T) * (count + 1), MCXT_ALLOC_HUGE));
    for (size_t i = 0; i < count; ++i)
        new (&array[i]) T();
    return {array, count};
}

[[noreturn]] void throw_id_of_another_document()
{
    throw Error(sqlstate::invalid_parameter_value,
                "a delta with this id is recorded for another document",
                "An id names one delta for ever.", "Give each delta an id of its own.");
}

bool same_bytes(Bytes a, Bytes b)
{
    return std::ranges::equal(a, b);
}

} // namespace

void DeltaApplication::run()
{
    require_schema();
    prepare();
    group();
    SpiSession spi;
    for (Work& work : works_)
        lock_or_create(work);
    find_recorded(works_);

    MemoryContext spi_context = MemoryContextSwitchTo(context_);
    for (Work& work : works_)
        load(work);
    merge();
    MemoryContextSwitchTo(spi_context);

    size_t logged = 0;
    for (Work& work : works_) {
        draw_sequence(work);
        logged += work.accepted;
    }
    for (Work& work : works_)
        write(work);
    for (Work& work : works_)
        log(work);
    if (logged > 0)
        note_deltas_written(logged);
    spi.finish();
}

void DeltaApplication::refuse(DeltaInput& input, const CaughtError& why)
{
    bool not_its_fault = why.sqlstate == ERRCODE_OUT_OF_MEMORY ||
                         why.sqlstate == ERRCODE_INTERNAL_ERROR ||
                         why.sqlstate == ERRCODE_DATA_CORRUPTED;
    if (raise_refusals_ || not_its_fault)
        raise(why);
    input.refusal = static_cast<CaughtError*>(MemoryContextAlloc(context_, sizeof(CaughtError)));
    *input.refusal = why;
}

void DeltaApplication::prepare()
{
    with_texts_ =
        std::ranges::any_of(inputs_, [](const DeltaInput& i) { return i.stamp.has_value(); });
    bool may_stamp = with_texts_ && may_bring_stamps();
    for (DeltaInput& input : inputs_) {
        CHECK_FOR_INTERRUPTS();
        CaughtError refusal;
        if (!input.refusal && !prepare_delta(input, may_stamp, with_texts_, refusal))
            refuse(input, refusal);
    }
}

/* Sorts the deltas by document, in input order within one. */
void DeltaApplication::group()
{
    auto order = make_array<DeltaInput*>(inputs_.size());
    size_t count = 0;
    for (DeltaInput& input : inputs_)
        if (!input.refusal)
            order[count++] = &input;
    order = order.first(count);
    std::ranges::sort(order, [](const DeltaInput* a, const DeltaInput* b) {
        int documents = a->document->compare(*b->document);
        return documents != 0 ? documents < 0 : a < b; // the inputs are one array
    });

    works_ = make_array<Work>(count);
    size_t documents = 0;
    for (size_t start = 0; start < count; ++documents) {
        size_t end = start;
        while (end < count && *order[end]->document == *order[start]->document)
            order[end++]->document_index = documents;
        works_[documents].id = text_datum(*order[start]->document);
        works_[documents].deltas = order.subspan(start, end - start);
        start = end;
    }
    works_ = works_.first(documents);
}

void DeltaApplication::lock_or_create(Work& work)
{
    /* Others may create and delete it between our two looks; not for ever, so then something else
     * is the matter. */
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        CHECK_FOR_INTERRUPTS();
        if (rows_.lock(work.id, work.stored)) {
            work.now = GetCurrentTimestamp();
            return;
        }
        find_recorded({&work, 1});
        if (std::ranges::none_of(work.deltas, &DeltaInput::is_pending))
            return; // the log answers alone, without creating anything
        if (create(work))
            return;
    }
    refuse_hidden_row("documents", work.id);
}

/*
 * Inserts the row as if there were no tombstone: that is the lock. Only under it the tombstone may
 * be read, and what the document was before its deletion goes on. False if a row is there already.
 */
bool DeltaApplication::create(Work& work)
{
    MemoryContext spi_context = MemoryContextSwitchTo(context_);
    work.now = GetCurrentTimestamp();
    Document* provisional = nullptr;
    run_pure([&] {
        provisional = new (memory_.allocate(sizeof(Document), alignof(Document)))
            Document(StoredDocument(), memory_);
    });
    for (const DeltaInput* input : work.deltas) {
        CaughtError refusal; // not yet: under the tombstone's clock the number may be good
        if (input->is_pending())
            try_pure(refusal, [&] {
                provisional->apply(input->delta, ticks_of(work.now), settings::merge_limits());
            });
    }
    work.inserted = new_row(work, *provisional, true);
    MemoryContextSwitchTo(spi_context);

    work.created = rows_.insert(work.id, work.inserted, work.stored.ctid);
    if (!work.created)
        return false;
    work.had_tombstone = rows_.take_tombstone(work.id, work.stored);
    if (work.had_tombstone)
        work.now = GetCurrentTimestamp();
    return true;
}

/* Rule 1: what the log holds already is answered from it. */
void DeltaApplication::find_recorded(std::span<Work> works)
{
    size_t count = 0;
    for (const Work& work : works)
        count += work.deltas.size();
    auto named = make_array<DeltaInput*>(count);
    auto ids = make_array<Datum>(count);
    count = 0;
    for (const Work& work : works)
        for (DeltaInput* input : work.deltas)
            if (input->id && input->is_pending()) {
                ids[count] = PointerGetDatum(input->id->data());
                named[count++] = input;
            }
    if (count == 0)
        return;
    named = named.first(count);
    std::ranges::sort(named, {}, [](const DeltaInput* input) { return *input->id; });

    Datum array = PointerGetDatum(construct_array(ids.data(), static_cast<int>(count), UUIDOID,
                                                  UUID_LEN, false, TYPALIGN_CHAR));
    rows_.find_recorded(
        array, [&](const Uuid& id, std::string_view document, RecordedDelta* recorded) {
            for (DeltaInput* input : std::ranges::equal_range(
                     named, id, {}, [](const DeltaInput* candidate) { return *candidate->id; })) {
                if (*input->document == document) {
                    input->duplicate = recorded;
                    continue;
                }
                CaughtError refusal;
                try_pure(refusal, [] { throw_id_of_another_document(); });
                refuse(*input, refusal);
            }
        });
}

/* The fields of the stored state, in jsonb's own order. */
void DeltaApplication::read_state(Work& work)
{
    if (!work.stored.state)
        return;
    JsonbContainer* root = &work.stored.state->root;
    if (!JsonContainerIsObject(root))
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                        errmsg("the state of document \"%s\" is not an object",
                               TextDatumGetCString(work.id))));
    size_t count = JsonContainerSize(root), filled = 0;
    work.fields = make_array<StateField>(count);
    work.values = make_array<JsonbValue>(count).data();
    JsonbIterator* iterator = JsonbIteratorInit(root);
    JsonbValue key;
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &key, true)) {
        if (token != WJB_KEY)
            continue;
        JsonbValue* value = &work.values[filled];
        JsonbIteratorNext(&iterator, value, true);
        work.fields[filled++] = {{key.val.string.val, static_cast<size_t>(key.val.string.len)},
                                 with_texts_ ? json_text(value) : std::string_view()};
    }
}

void DeltaApplication::load(Work& work)
{
    if (!work.stored.exists && !work.created)
        return; // nothing of it is pending
    read_state(work);
    StoredDocument stored{work.stored.version,   work.stored.lamport, work.stored.clock,
                          work.stored.registers, work.stored.exists,  work.fields};
    run_pure([&] {
        work.document =
            new (memory_.allocate(sizeof(Document), alignof(Document))) Document(stored, memory_);
    });
}

/* In input order, across documents: which of two deltas with one id came first decides which is the
 * duplicate. */
void DeltaApplication::merge()
{
    run_pure([&] {
        using Ids = std::pmr::map<Uuid, DeltaInput*>;
        accepted_ids_ = new (memory_.allocate(sizeof(Ids), alignof(Ids))) Ids(&memory_);
    });
    for (DeltaInput& input : inputs_) {
        CHECK_FOR_INTERRUPTS();
        if (input.is_pending())
            merge_one(input);
    }
}

void DeltaApplication::merge_one(DeltaInput& input)
{
    Work& work = work_of(input);
    CaughtError refusal;
    bool merged = try_pure(refusal, [&] {
        DeltaInput* earlier = nullptr;
        if (input.id)
            if (auto found = accepted_ids_->find(*input.id); found != accepted_ids_->end())
                earlier = found->second;
        if (earlier && earlier->document_index != input.document_index)
            throw_id_of_another_document();
        if (earlier) {
            const Verdict& verdict = *earlier->verdict;
            input.duplicate = new (memory_.allocate(sizeof(RecordedDelta), alignof(RecordedDelta)))
                RecordedDelta{verdict.version, verdict.number,
                              verdict.lamport, earlier->delta.field,
                              Datum(0),        earlier->timestamp.value_or(work.now)};
            input.duplicate_of = earlier;
            return;
        }
        Verdict verdict =
            work.document->apply(input.delta, ticks_of(work.now), settings::merge_limits());
        input.verdict =
            new (memory_.allocate(sizeof(Verdict), alignof(Verdict))) Verdict(std::move(verdict));
        if (input.id)
            accepted_ids_->emplace(*input.id, &input);
        ++work.accepted;
    });
    if (!merged)
        refuse(input, refusal);
}

/* The state as the document now stands: values of deltas where they won, else as stored. */
Jsonb* DeltaApplication::build_state(Work& work, const Document& document)
{
    JsonbParseState* state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    size_t stored = 0;
    /* The visitor may ereport: nothing below it holds anything that would have to be destroyed. */
    document.visit_state([&](std::string_view name, const void* value) {
        if (!value) {
            while (work.fields[stored].name != name)
                ++stored;
            value = &work.values[stored];
        }
        JsonbValue key;
        key.type = jbvString;
        key.val.string.val = const_cast<char*>(name.data());
        key.val.string.len = static_cast<int>(name.size());
        pushJsonbValue(&state, WJB_KEY, &key);
        pushJsonbValue(&state, WJB_VALUE, static_cast<JsonbValue*>(const_cast<void*>(value)));
    });
    return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr));
}

NewDocumentRow DeltaApplication::new_row(Work& work, Document& document, bool with_state)
{
    NewDocumentRow row{};
    run_pure([&] {
        row.version = document.version();
        row.lamport = document.lamport();
        row.clock = document.clock();
        row.registers = document.registers();
    });
    row.now = work.now;
    if (with_state)
        row.state = build_state(work, document);
    return row;
}

/*
 * Drawn under the document's lock, so that it rises with the version, and before anything is
 * written: a user's trigger may write the same document again.
 */
void DeltaApplication::draw_sequence(Work& work)
{
    Oid sequence = require_table("deltas_seq");
    for (DeltaInput* input : work.deltas)
        if (input->verdict)
            input->seq = nextval_internal(sequence, false);
}

void DeltaApplication::write(Work& work)
{
    if (!work.document)
        return;
    int64_t row_version = work.created ? work.inserted.version : work.stored.version;
    if (work.accepted == 0) {
        if (work.created) { // for nothing, as it turned out
            rows_.remove(work.id, work.stored.ctid, row_version);
            if (work.had_tombstone)
                rows_.put_tombstone(work.id, work.stored);
        }
        return;
    }
    Document& document = *work.document;
    NewDocumentRow row = new_row(work, document, false);
    if (!document.exists()) {
        rows_.remove(work.id, work.stored.ctid, row_version);
        DocumentRow tombstone;
        tombstone.version = row.version;
        tombstone.lamport = row.lamport;
        tombstone.clock = row.clock;
        tombstone.registers = row.registers;
        tombstone.deleted_at = work.now;
        rows_.put_tombstone(work.id, tombstone);
        return;
    }
    bool as_inserted = work.created && row.version == work.inserted.version &&
                       row.lamport == work.inserted.lamport &&
                       same_bytes(row.clock, work.inserted.clock) &&
                       same_bytes(row.registers, work.inserted.registers);
    if (as_inserted)
        return;
    if (work.created || document.state_changed())
        row.state = build_state(work, document);
    rows_.update(work.id, work.stored, row);
}

void DeltaApplication::log(Work& work)
{
    for (DeltaInput* input : work.deltas) {
        if (!input->verdict)
            continue;
        CHECK_FOR_INTERRUPTS();
        if (!input->id)
            input->id = new_delta_id(work.now);
        if (!input->timestamp)
            input->timestamp = work.now;
        rows_.log(*input, work.id);
    }
}

} // namespace synckit
