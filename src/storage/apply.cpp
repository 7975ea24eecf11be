#include "storage/apply.hpp"

#include <algorithm>

#include "bgworker/process/wakeup.hpp"
#include "storage/pending_merges.hpp"
#include "storage/rights.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace synckit {

namespace {

/* So many documents are locked by one statement at most. */
constexpr size_t most_locked_at_once = 128;

} // namespace

void DeltaApplication::run()
{
    require_schema();
    prepare();
    group();
    SpiSession spi;
    lock_or_create_all();
    find_recorded(works_);

    MemoryContext spi_context = MemoryContextSwitchTo(memory_.context());
    for (Work& work : works_)
        if (work.open.is_taken()) // else nothing of it is pending
            work.open.load(memory_, with_texts_);
    merge();
    MemoryContextSwitchTo(spi_context);

    draw_sequence();
    write_documents();
    write_log();
    if (accepted_ > 0)
        note_deltas_written(accepted_);
    spi.finish();
}

void DeltaApplication::refuse(DeltaInput& input, const CaughtError& why)
{
    bool not_its_fault = why.sqlstate == ERRCODE_OUT_OF_MEMORY ||
                         why.sqlstate == ERRCODE_INTERNAL_ERROR ||
                         why.sqlstate == ERRCODE_DATA_CORRUPTED;
    if (raise_refusals_ || not_its_fault)
        raise(why);
    input.refusal =
        static_cast<CaughtError*>(MemoryContextAlloc(memory_.context(), sizeof(CaughtError)));
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
        works_[documents].open.id = text_datum(*order[start]->document);
        works_[documents].deltas = order.subspan(start, end - start);
        start = end;
    }
    works_ = works_.first(documents);
}

void DeltaApplication::lock_or_create_all()
{
    bool by_one = works_.size() == 1; // nor those that are likely to be missing
    for (std::span<Work> left = works_; !left.empty();) {
        if (!by_one)
            left = left.subspan(
                lock_those_there(left.first(std::min(left.size(), most_locked_at_once))));
        if (left.empty())
            break;
        lock_or_create(left.front());
        by_one = left.front().open.created;
        left = left.subspan(1);
    }
}

/* Locks them until one is not there; returns how many are locked. */
size_t DeltaApplication::lock_those_there(std::span<Work> works)
{
    CHECK_FOR_INTERRUPTS();
    auto ids = make_array<Datum>(works.size());
    for (size_t i = 0; i < works.size(); ++i) {
        ids[i] = works[i].open.id;
        refuse_pending_merge(ids[i]);
    }
    size_t count = 0;
    rows_.lock_in_order(ids, [&](const DocumentRow& row) { works[count++].open.take(row); });
    return count;
}

void DeltaApplication::lock_or_create(Work& work)
{
    /* Others may create and delete it between our two looks; not for ever, so then something else
     * is the matter. */
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        CHECK_FOR_INTERRUPTS();
        if (work.open.lock(rows_))
            return;
        find_recorded({&work, 1});
        auto first = make_array<DeltaInput*>(work.deltas.size());
        size_t count = 0;
        for (DeltaInput* input : work.deltas)
            if (input->is_pending())
                first[count++] = input;
        if (count == 0)
            return; // the log answers alone, without creating anything
        if (work.open.create(rows_, first.first(count), memory_))
            return;
    }
    refuse_hidden_row("documents", work.open.id);
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
    log_.find(array, [&](const Uuid& id, std::string_view document, RecordedDelta* recorded) {
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
                              Datum(0),        earlier->timestamp.value_or(work.open.now)};
            input.duplicate_of = earlier;
            return;
        }
        input.verdict = work.open.apply(input.delta, memory_);
        if (input.id)
            accepted_ids_->emplace(*input.id, &input);
        ++accepted_;
    });
    if (!merged)
        refuse(input, refusal);
}

/*
 * Drawn under the document's lock, so that it rises with the version, and before anything is
 * written: a user's trigger may write the same document again.
 */
void DeltaApplication::draw_sequence()
{
    for (Work& work : works_)
        for (DeltaInput* input : work.deltas)
            if (input->verdict)
                synckit::draw_sequence(*input);
}

void DeltaApplication::write_documents()
{
    auto taken = make_array<OpenDocument*>(works_.size());
    size_t count = 0;
    for (Work& work : works_)
        if (work.open.is_taken())
            taken[count++] = &work.open;
    synckit::write_documents(rows_, taken.first(count));
}

void DeltaApplication::write_log()
{
    auto accepted = make_array<LoggedDelta>(accepted_);
    size_t count = 0;
    for (Work& work : works_)
        for (DeltaInput* input : work.deltas) {
            if (!input->verdict)
                continue;
            CHECK_FOR_INTERRUPTS();
            if (!input->id)
                input->id = new_delta_id(work.open.now);
            if (!input->timestamp)
                input->timestamp = work.open.now;
            accepted[count++] = {input, work.open.id};
        }
    log_.write(accepted.first(count));
}

} // namespace synckit
