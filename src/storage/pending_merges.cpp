#include "storage/pending_merges.hpp"

#include "bgworker/process/wakeup.hpp"

extern "C" {
#include "access/xact.h"
}

namespace synckit {

namespace {

/*
 * So much may a statement keep of its rows before its documents are written early. A document is
 * written early but once for so many bytes of rows, however large it is itself; only documents that
 * must make room for others are written more often.
 */
constexpr size_t most_row_bytes = 64 * 1024 * 1024;
constexpr size_t most_kept_bytes = 256 * 1024 * 1024;

} // namespace

PendingMerges* PendingMerges::top = nullptr;

void PendingMerges::register_callbacks()
{
    static bool registered = false;
    if (registered)
        return;
    RegisterXactCallback(
        [](XactEvent event, void*) {
            if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
                event == XACT_EVENT_PREPARE)
                top = nullptr; // its memory ends with the transaction's
        },
        nullptr);
    RegisterSubXactCallback(
        [](SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
            if (event != SUBXACT_EVENT_ABORT_SUB)
                return;
            while (top && top->nest_level_ >= GetCurrentTransactionNestLevel()) {
                if (top->context_)
                    MemoryContextDelete(top->context_);
                top = top->outer_;
            }
        },
        nullptr);
    registered = true;
}

void PendingMerges::begin_statement()
{
    register_callbacks();
    auto* begun = static_cast<PendingMerges*>(
        MemoryContextAllocZero(TopTransactionContext, sizeof(PendingMerges)));
    begun->outer_ = top;
    begun->nest_level_ = GetCurrentTransactionNestLevel();
    top = begun;
}

PendingMerges& PendingMerges::current()
{
    if (!top)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("no statement on synckit.deltas itself is under way"),
                        errdetail("Its rows are merged between the statement's beginning and its "
                                  "end, at which triggers of the table fire."),
                        errhint("Name synckit.deltas, not a table that it is a partition of. If "
                                "its triggers were disabled, SELECT synckit_migrate() enables "
                                "them.")));
    return *top;
}

void PendingMerges::end_statement()
{
    PendingMerges& ended = current();
    if (ended.rows_to_come_ > 0)
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                        errmsg("a delta was merged and then not inserted"),
                        errdetail("A trigger or ON CONFLICT kept its row out of synckit.deltas."),
                        errhint("Refuse deltas in a trigger whose name sorts before synckit's.")));
    if (ended.fingerprints_ != 0)
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                        errmsg("a trigger changed a row of synckit.deltas after it was merged"),
                        errdetail("The log would not say what was merged."),
                        errhint("Change deltas in a trigger whose name sorts before synckit's.")));
    if (ended.context_)
        MemoryContextDelete(ended.context_);
    top = ended.outer_;
    pfree(&ended);
}

PendingMerges::Kept& PendingMerges::kept()
{
    if (!context_)
        context_ = AllocSetContextCreate(TopTransactionContext, "synckit pending merges",
                                         ALLOCSET_DEFAULT_SIZES);
    if (!kept_)
        kept_ = new (MemoryContextAlloc(context_, sizeof(Kept))) Kept(context_);
    return *kept_;
}

OpenDocument* PendingMerges::find(std::string_view id) const
{
    if (!kept_)
        return nullptr;
    auto found = kept_->documents.find(id);
    return found == kept_->documents.end() ? nullptr : &found->second;
}

OpenDocument& PendingMerges::add(const OpenDocument& document)
{
    OpenDocument* added = nullptr;
    Kept& kept = this->kept();
    std::string_view id = datum_text(document.id);
    run_pure([&] { added = &kept.documents.emplace(id, document).first->second; });
    return *added;
}

const OpenDocument* PendingMerges::document_of_delta(const Uuid& id) const
{
    if (!kept_)
        return nullptr;
    auto found = kept_->deltas.find(id);
    return found == kept_->deltas.end() ? nullptr : found->second;
}

void PendingMerges::note_merged(const Uuid& id, const OpenDocument& document, size_t bytes)
{
    kept_row_bytes_ += bytes;
    Kept& kept = this->kept();
    run_pure([&] { kept.deltas.emplace(id, &document); });
    ++rows_to_come_;
}

void PendingMerges::note_inserted(DocumentRows& rows, uint64 fingerprint)
{
    --rows_to_come_;
    fingerprints_ -= fingerprint;
    write_all(rows);
}

bool PendingMerges::is_large(const OpenDocument* next) const
{
    if (!kept_)
        return false;
    return kept_row_bytes_ > most_row_bytes ||
           (!next && MemoryContextMemAllocated(context_, true) > most_kept_bytes);
}

/* In the order of their ids, as the functions do; they are locked already. */
void PendingMerges::write_all(DocumentRows& rows)
{
    if (!kept_)
        return;
    auto documents = make_array<OpenDocument>(kept_->documents.size());
    auto taken = make_array<OpenDocument*>(documents.size());
    size_t written = 0;
    for (size_t i = 0; auto& [id, document] : kept_->documents) {
        documents[i] = document;
        taken[i] = &documents[i];
        written += document.accepted;
        ++i;
    }
    kept_ = nullptr; // from now on others may meet them: a user's trigger may
    write_documents(rows, taken);
    note_deltas_written(written);
    kept_row_bytes_ = 0;
    MemoryContextReset(context_);
}

void refuse_pending_merge(Datum document)
{
    for (const PendingMerges* merges = PendingMerges::top; merges; merges = merges->outer_)
        if (merges->find(datum_text(document)))
            ereport(ERROR,
                    (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                     errmsg("document \"%s\" is being written by a statement that is under way",
                            TextDatumGetCString(document)),
                     errdetail("Deltas that the statement inserts have been merged into it, and "
                               "are not written yet."),
                     errhint("Write the document in a statement of its own.")));
}

} // namespace synckit
