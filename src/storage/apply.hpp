#pragma once

#include "storage/delta_log.hpp"
#include "storage/open_document.hpp"

namespace synckit {

/*
 * Merges deltas into their documents and logs them: rules 1 to 6 of docs/merge.md, in the caller's
 * transaction.
 *
 * Documents are locked, or created, in the order of their ids, and no other lock is taken
 * meanwhile, so two calls cannot wait for each other in a circle. Each document is written once
 * however many of the deltas are for it. What is refused is refused before anything of the merge is
 * written.
 *
 * Plain data and pointers into the caller's memory context only: an ereport may pass it by.
 */
class DeltaApplication {
  public:
    /* raise_refusals: a refused delta ends the call; else its `refusal` says why and the others go
     * on. */
    DeltaApplication(const ExtensionObjects& extension, std::span<DeltaInput> inputs,
                     bool raise_refusals)
        : inputs_(inputs), raise_refusals_(raise_refusals), memory_(CurrentMemoryContext),
          rows_(extension, CurrentMemoryContext), log_(extension, CurrentMemoryContext)
    {
    }

    void run();

  private:
    /* A document that some of the deltas are for. */
    struct Work {
        OpenDocument open;
        std::span<DeltaInput*> deltas; // in input order
    };

    void prepare();
    void group();
    void lock_or_create_all();
    size_t lock_those_there(std::span<Work>);
    void lock_or_create(Work&);
    void find_recorded(std::span<Work>);
    void merge();
    void merge_one(DeltaInput&);
    void draw_sequence();
    void write_documents();
    void write_log();
    void refuse(DeltaInput&, const CaughtError&);
    Work& work_of(const DeltaInput& input) { return works_[input.document_index]; }

    std::span<DeltaInput> inputs_;
    std::span<Work> works_;
    std::pmr::map<Uuid, DeltaInput*>* accepted_ids_ = nullptr;
    size_t accepted_ = 0;
    bool raise_refusals_;
    bool with_texts_ = false; // stamped deltas may tie, and ties are broken by text
    ContextMemory memory_;
    DocumentRows rows_;
    DeltaLog log_;
};

} // namespace synckit
