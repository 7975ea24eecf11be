#pragma once

#include "postgres/postgres.hpp"

#include "bgworker/feed/subject.hpp"
#include "postgres/bridge.hpp"
#include "postgres/sql.hpp"
#include "bgworker/redis/redis_link.hpp"

/* A row of synckit.deltas as the publisher reads it, and the message that it becomes. */
namespace synckit {

#define DELTA_ROW_COLUMNS                                                                          \
    "d.xid, d.seq, d.xmin, d.id, d.document_id, d.client_id, d.operation_type, d.field_path, "     \
    "d.value, "                                                                                    \
    "d.clock_value, d.\"timestamp\", d.clock, d.version, d.lamport, d.stamp, d.outcome, "          \
    "d.changed_fields, d.server_id"

inline constexpr Oid delta_row_results[] = {
    XID8OID, INT8OID, XIDOID,   UUIDOID, TEXTOID,        TEXTOID,
    TEXTOID, TEXTOID, JSONBOID, INT8OID, TIMESTAMPTZOID, type_of_vclock,
    INT8OID, INT8OID, INT8OID,  TEXTOID, TEXTARRAYOID,   TEXTOID};

/* A row of SPI_tuptable that a statement with DELTA_ROW_COLUMNS has brought. */
class DeltaRow {
  public:
    explicit DeltaRow(uint64 row) : row_(row) {}

    static int64 order_of(uint64 row) { return DatumGetInt64(column(row, 2)); } // its seq

    uint64 xid() const;
    int64 order() const { return order_of(row_.number()); }

    /*
     * A row that was restored or replicated carries an xid of elsewhere. A true one was written by
     * the transaction that it names or by a later subtransaction of it.
     */
    bool is_foreign() const;

    /* Fills in what xid and seq do not say, in the current memory context. */
    void identify(Subject&) const;

    /* Appends PUBLISH of its message; true if that is truncated, 54000 if even so it is longer than
     * synckit.max_message_bytes. What it needs on the way is in the current memory context. */
    bool append(RedisLink& to, int64 epoch) const;

  private:
    std::string_view text(int number) const { return datum_text(row_.column(number)); }
    std::span<const std::string_view> texts(Datum array) const;

    ResultRow<std::size(delta_row_results)> row_;
};

} // namespace synckit
