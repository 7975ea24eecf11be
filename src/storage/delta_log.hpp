#pragma once

#include <algorithm>

#include "postgres/bridge.hpp"

extern "C" {
#include "access/htup_details.h"
}

#include "postgres/catalog.hpp"
#include "storage/delta_input.hpp"
#include "storage/hidden_deltas.hpp"

/*
 * The rows of synckit.deltas, read and written by SQL as the caller. Within SPI; what is returned
 * lives in the given context.
 */
namespace synckit {

/* A delta that was accepted, whose id and timestamp are settled. */
struct LoggedDelta {
    const DeltaInput* input;
    Datum document; // text
};

class DeltaLog {
  public:
    DeltaLog(const ExtensionObjects& extension, MemoryContext context)
        : extension_(extension), context_(context)
    {
    }

    /* Calls found(id, document id, what was recorded) for each of these ids (uuid[]) that the log
     * holds; what row-level security hides is of no document, and what was recorded is null. */
    template <class Found>
    void find(Datum ids, Found found)
    {
        /* First: what is recorded in between is seen by the query. */
        std::span<Uuid> hidden = recorded_under_policies(ids);
        uint64 count = query(ids);
        for (uint64 row = 0; row < count; ++row) {
            Uuid id;
            std::string_view document;
            RecordedDelta* recorded = recorded_at(row, id, document);
            found(id, document, recorded);
            hidden = hidden.first(hidden.size() - std::ranges::remove(hidden, id).size());
        }
        for (const Uuid& id : hidden)
            found(id, std::string_view(), nullptr);
    }

    /* Writes them in this order. */
    void write(std::span<const LoggedDelta> deltas);

    /* The row for a delta that is to be written later: small, and all of it in the current memory
     * context. */
    HeapTuple pack(const LoggedDelta& delta);
    void write_packed(std::span<const HeapTuple> deltas);

  private:
    uint64 query(Datum ids);
    RecordedDelta* recorded_at(uint64 row, Uuid& id, std::string_view& document);

    ExtensionObjects extension_;
    MemoryContext context_;
};

/* 22023 */
[[noreturn]] void throw_id_of_another_document();

} // namespace synckit
