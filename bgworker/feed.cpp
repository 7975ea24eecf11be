#include "bgworker/feed.hpp"

#include "bgworker/owner_transaction.hpp"

#include <algorithm>

#include "postgres/bridge.hpp"
#include "postgres/json_text.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"
#include "postgres/unix_time.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"
#include "utils/xid8.h"
}

#include "message/message.hpp"

namespace synckit {

namespace {

/* A batch ends where its messages have so many bytes: what Redis and we hold of it stays bounded.
 */
constexpr size_t batch_bytes = 8 * 1024 * 1024;
/* Rows of a backlog that are looked up at a time: 16 bytes each. */
constexpr int window_rows = 200'000;

#define ROW_COLUMNS                                                                                \
    "d.xid, d.seq, d.xmin, d.id, d.document_id, d.client_id, d.operation_type, d.field_path, "     \
    "d.value, "                                                                                    \
    "d.clock_value, d.\"timestamp\", d.clock, d.version, d.lamport, d.stamp, d.outcome, "          \
    "d.changed_fields, d.server_id"

constexpr Oid row_results[] = {XID8OID, INT8OID, XIDOID,   UUIDOID, TEXTOID,        TEXTOID,
                               TEXTOID, TEXTOID, JSONBOID, INT8OID, TIMESTAMPTZOID, type_of_vclock,
                               INT8OID, INT8OID, INT8OID,  TEXTOID, TEXTARRAYOID,   TEXTOID};
constexpr Oid key_results[] = {XID8OID, INT8OID};

/* Bounded on both sides: a restored row may carry any xid, and without the upper bound it would
 * match for ever. */
constexpr Oid live_types[] = {XID8ARRAYOID, XID8OID, XID8OID, INT8OID};
Statement live_statement(
    "SELECT " ROW_COLUMNS " FROM synckit.deltas d WHERE d.xid OPERATOR(pg_catalog.=) ANY ($1) "
    "UNION ALL SELECT " ROW_COLUMNS " FROM synckit.deltas d "
    "WHERE d.xid OPERATOR(pg_catalog.>=) $2 AND d.xid OPERATOR(pg_catalog.<) $3 LIMIT $4",
    live_types, row_results);

#define BACKLOG_KEYS                                                                               \
    "(SELECT d.xid, d.seq FROM synckit.deltas d WHERE d.xid OPERATOR(pg_catalog.=) ANY ($1) "      \
    "AND d.seq OPERATOR(pg_catalog.>) $5 "                                                         \
    "UNION ALL SELECT d.xid, d.seq FROM synckit.deltas d WHERE d.xid OPERATOR(pg_catalog.>=) $2 "  \
    "AND d.xid OPERATOR(pg_catalog.<) $3 AND d.seq OPERATOR(pg_catalog.>) $5 "                     \
    "AND pg_catalog.pg_visible_in_snapshot(d.xid, $4::pg_catalog.pg_snapshot)) k"

constexpr Oid window_types[] = {XID8ARRAYOID, XID8OID, XID8OID, TEXTOID, INT8OID, INT8OID};
Statement window_statement("SELECT k.xid, k.seq FROM " BACKLOG_KEYS " ORDER BY k.seq LIMIT $6",
                           window_types, key_results);

constexpr Oid count_types[] = {XID8ARRAYOID, XID8OID, XID8OID, TEXTOID, INT8OID};
Statement count_statement("SELECT pg_catalog.count(*) FROM " BACKLOG_KEYS, count_types);

constexpr Oid chunk_types[] = {XID8ARRAYOID, INT8ARRAYOID};
Statement chunk_statement("SELECT " ROW_COLUMNS " FROM ROWS FROM (pg_catalog.unnest($1), "
                          "pg_catalog.unnest($2)) k (xid, seq) "
                          "JOIN synckit.deltas d ON d.xid OPERATOR(pg_catalog.=) k.xid "
                          "AND d.seq OPERATOR(pg_catalog.=) k.seq",
                          chunk_types, row_results);

Statement snapshot_statement("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text");

Datum xid_datum(uint64 xid)
{
    return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

Datum xid_array(std::span<const uint64> xids)
{
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * (xids.size() + 1)));
    for (size_t i = 0; i < xids.size(); ++i)
        elements[i] = xid_datum(xids[i]);
    return PointerGetDatum(construct_array(elements, static_cast<int>(xids.size()), XID8OID, 8,
                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The transactions that ran at the first snapshot and had ended at the second. */
Datum ended_between(const Snapshot& from, const Snapshot& to)
{
    auto* ended = static_cast<uint64*>(palloc(sizeof(uint64) * (from.running.size() + 1)));
    size_t count = 0;
    for (uint64 xid : from.running)
        if (to.shows(xid))
            ended[count++] = xid;
    return xid_array({ended, count});
}

/* The columns of a row, in the order of ROW_COLUMNS. */
class DeltaRow {
  public:
    explicit DeltaRow(uint64 row) : row_(row) {}

    uint64 xid() const
    {
        return U64FromFullTransactionId(DatumGetFullTransactionId(column(row_, 1)));
    }
    int64 seq() const { return DatumGetInt64(column(row_, 2)); }

    /*
     * A row that was restored or replicated carries an xid of elsewhere. A true one was written by
     * the transaction that it names or by a later subtransaction of it.
     */
    bool is_foreign() const
    {
        TransactionId writer = DatumGetTransactionId(column(row_, 3));
        return TransactionIdIsNormal(writer) &&
               TransactionIdPrecedes(writer, static_cast<TransactionId>(xid()));
    }

    /* Publishes its message. What it needs on the way is in the current memory context. */
    void append(RedisLink& to, int64 epoch) const;

  private:
    std::string_view text(int number) const { return datum_text(column(row_, number)); }
    std::span<const std::string_view> texts(Datum array) const;

    uint64 row_;
};

std::span<const std::string_view> DeltaRow::texts(Datum array) const
{
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    auto* texts = static_cast<std::string_view*>(palloc(sizeof(std::string_view) * (count + 1)));
    int filled = 0;
    for (int i = 0; i < count; ++i)
        if (!nulls[i])
            texts[filled++] = datum_text(elements[i]);
    return {texts, static_cast<size_t>(filled)};
}

void DeltaRow::append(RedisLink& to, int64 epoch) const
{
    auto limit = static_cast<size_t>(settings::max_message_bytes);
    bool no_value, no_clock, no_changed, no_server;
    Datum value = column(row_, 9, &no_value), clock = column(row_, 12, &no_clock),
          changed = column(row_, 17, &no_changed), server = column(row_, 18, &no_server);

    DeltaMessage message{};
    std::memcpy(message.id.data(), DatumGetUUIDP(column(row_, 4))->data, UUID_LEN);
    message.document = text(5);
    message.client = text(6);
    message.operation = text(7);
    message.field = text(8);
    message.clock_value = DatumGetInt64(column(row_, 10));
    message.timestamp_ms = unix_us(DatumGetTimestampTz(column(row_, 11))) / 1000;
    message.version = DatumGetInt64(column(row_, 13));
    message.lamport = DatumGetInt64(column(row_, 14));
    message.stamp = DatumGetInt64(column(row_, 15));
    message.outcome = text(16);
    message.epoch = epoch;
    if (!no_changed)
        message.changed_fields = texts(changed);
    if (!no_server)
        message.server = datum_text(server);

    bool truncated = false;
    if (!no_value) {
        /* Not even looked at where its bytes alone, compressed or not, are far too many. */
        constexpr size_t most_shrinking =
            8; // numbers and structure: jsonb takes more room than text
        truncated = toast_raw_datum_size(value) / most_shrinking > limit;
        StringInfoData text;
        initStringInfo(&text);
        if (!truncated)
            truncated = !append_json_text(&text, &DatumGetJsonbP(value)->root, limit);
        if (!truncated)
            message.value = {text.data, static_cast<size_t>(text.len)};
    }
    Bytes clock_bytes = no_clock ? Bytes() : datum_bytes(clock);
    ContextMemory memory(CurrentMemoryContext);
    run_pure([&] {
        if (!no_clock)
            message.clock = ClockView(clock_bytes);
        std::pmr::string channel(&memory), body(&memory);
        append_document_channel(channel, settings::channel_prefix, message.document);
        body.reserve(400 + message.value.value_or("").size());
        append_delta_message(body, message, truncated);
        if (body.size() > limit && !truncated) {
            body.clear();
            append_delta_message(body, message, true);
        }
        if (body.size() > limit) { // what else can be long goes as well: Postgres has it
            message.clock.reset();
            message.changed_fields.reset();
            body.clear();
            append_delta_message(body, message, true);
        }
        to.publish(channel, body);
    });
}

} // namespace

Batch Feed::read(RedisLink& to)
{
    Batch batch;
    OwnerTransaction transaction;
    transaction.begin_reading();
    flush_to_ = InvalidXLogRecPtr;
    took_snapshot_ = false;
    if (cursor_.publishing_to)
        read_backlog(to, batch);
    if (!cursor_.publishing_to)
        read_live(to, batch);
    transaction.end();
    /* A transaction with synchronous_commit = off is seen before it is durable: nobody shall hear
     * of it before. */
    if (flush_to_ != InvalidXLogRecPtr)
        XLogFlush(flush_to_);
    return batch;
}

void Feed::set_next(const char* published_to, const char* publishing_to, int64 position,
                    uint64 pending)
{
    auto keep = [](const char* text) {
        return text ? MemoryContextStrdup(TopMemoryContext, text) : nullptr;
    };
    reset();
    next_published_to_ = keep(published_to);
    next_publishing_to_ = keep(publishing_to);
    next_position_ = position;
    next_pending_ = pending;
}

void Feed::reset()
{
    if (next_published_to_)
        pfree(next_published_to_);
    if (next_publishing_to_)
        pfree(next_publishing_to_);
    next_published_to_ = next_publishing_to_ = nullptr;
}

void Feed::accept(size_t messages)
{
    Assert(next_published_to_);
    pfree(cursor_.published_to);
    if (cursor_.publishing_to)
        pfree(cursor_.publishing_to);
    cursor_.published_to = next_published_to_;
    cursor_.publishing_to = next_publishing_to_;
    next_published_to_ = next_publishing_to_ = nullptr;
    cursor_.position = next_position_;
    cursor_.published += static_cast<int64>(messages);
    pending_ = next_pending_;
    while (window_at_ < window_size_ && window_[window_at_].seq <= cursor_.position)
        ++window_at_;
}

void Feed::read_live(RedisLink& to, Batch& batch)
{
    took_snapshot_ = true;
    Snapshot from = parse_snapshot(cursor_.published_to);
    snapshot_statement.execute({}, nullptr);
    char* now_text = TextDatumGetCString(column(0, 1));
    Snapshot now = parse_snapshot(now_text);
    Datum values[] = {ended_between(from, now), xid_datum(from.xmax), xid_datum(now.xmax),
                      Int64GetDatum(settings::publish_batch + 1)};
    uint64 rows = live_statement.execute({}, values);
    if (rows <= static_cast<uint64>(settings::publish_batch)) {
        int64 last_seq = 0;
        size_t used = append_rows(to, rows, last_seq, batch);
        pending_ = rows;
        if (used == rows)
            set_next(now_text, nullptr, 0, 0);
        else
            set_next(cursor_.published_to, now_text, last_seq, rows - used);
        return;
    }
    /* A backlog: freeze what is to be worked off. */
    cursor_.publishing_to = MemoryContextStrdup(TopMemoryContext, now_text);
    cursor_.position = PG_INT64_MIN;
    window_size_ = window_at_ = 0;
    pending_ = count(from, now, now_text, cursor_.position);
    read_backlog(to, batch);
}

uint64 Feed::count(const Snapshot& from, const Snapshot& until, const char* until_text,
                   int64 position)
{
    Datum values[] = {ended_between(from, until), xid_datum(from.xmax), xid_datum(until.xmax),
                      CStringGetTextDatum(until_text), Int64GetDatum(position)};
    count_statement.execute({}, values);
    return static_cast<uint64>(DatumGetInt64(column(0, 1)));
}

void Feed::count_pending()
{
    OwnerTransaction transaction;
    transaction.begin_reading();
    snapshot_statement.execute({}, nullptr);
    char* now_text = TextDatumGetCString(column(0, 1));
    /* Of a backlog that was begun, what lies behind its position; what came after it is not told
     * apart here. */
    pending_ = count(parse_snapshot(cursor_.published_to), parse_snapshot(now_text), now_text,
                     cursor_.publishing_to ? cursor_.position : PG_INT64_MIN);
    transaction.end();
}

void Feed::fill_window(const Snapshot& from, const Snapshot& until)
{
    Datum values[] = {ended_between(from, until),      xid_datum(from.xmax),
                      xid_datum(until.xmax),           CStringGetTextDatum(cursor_.publishing_to),
                      Int64GetDatum(cursor_.position), Int64GetDatum(window_rows)};
    uint64 rows = window_statement.execute({}, values);
    if (!window_)
        window_ =
            static_cast<Key*>(MemoryContextAlloc(TopMemoryContext, sizeof(Key) * window_rows));
    for (uint64 i = 0; i < rows; ++i)
        window_[i] = {U64FromFullTransactionId(DatumGetFullTransactionId(column(i, 1))),
                      DatumGetInt64(column(i, 2))};
    window_at_ = 0;
    window_size_ = rows;
    /* Rows of one seq stay together (a sequence that was restarted repeats itself): position is all
     * that is saved. */
    if (rows == window_rows && window_[0].seq != window_[rows - 1].seq)
        while (window_[window_size_ - 1].seq == window_[rows - 1].seq)
            --window_size_;
    SPI_freetuptable(SPI_tuptable);
}

void Feed::read_backlog(RedisLink& to, Batch& batch)
{
    Snapshot from = parse_snapshot(cursor_.published_to);
    Snapshot until = parse_snapshot(cursor_.publishing_to);
    if (window_at_ == window_size_)
        fill_window(from, until);
    if (window_size_ == 0) {
        set_next(cursor_.publishing_to, nullptr, 0, 0);
        accept(0);
        return;
    }
    size_t end = Min(window_at_ + static_cast<size_t>(settings::publish_batch), window_size_);
    while (end < window_size_ && window_[end].seq == window_[end - 1].seq)
        ++end;
    size_t count = end - window_at_;
    auto* xids = static_cast<Datum*>(palloc(sizeof(Datum) * count));
    auto* seqs = static_cast<Datum*>(palloc(sizeof(Datum) * count));
    for (size_t i = 0; i < count; ++i) {
        xids[i] = xid_datum(window_[window_at_ + i].xid);
        seqs[i] = Int64GetDatum(window_[window_at_ + i].seq);
    }
    Datum values[] = {PointerGetDatum(construct_array(xids, static_cast<int>(count), XID8OID, 8,
                                                      FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
                      PointerGetDatum(construct_array(seqs, static_cast<int>(count), INT8OID, 8,
                                                      FLOAT8PASSBYVAL, TYPALIGN_DOUBLE))};
    uint64 rows = chunk_statement.execute({}, values);
    int64 last_seq = 0;
    size_t used = append_rows(to, rows, last_seq, batch);
    if (used == rows)
        last_seq = window_[end - 1].seq;
    batch.rows =
        Max(batch.rows,
            size_t{1}); // rows may have been deleted meanwhile: there is progress all the same
    set_next(cursor_.published_to, cursor_.publishing_to, last_seq, pending_ - Min(pending_, used));
}

/* Appends the rows of SPI_tuptable in the order of seq, as many as a batch may hold; returns how
 * many. */
size_t Feed::append_rows(RedisLink& to, uint64 rows, int64& last_seq, Batch& batch)
{
    Key* order = static_cast<Key*>(palloc(sizeof(Key) * (rows + 1)));
    for (uint64 i = 0; i < rows; ++i)
        order[i] = {i, DeltaRow(i).seq()};
    std::sort(order, order + rows, [](const Key& a, const Key& b) { return a.seq < b.seq; });

    MemoryContext row_context =
        AllocSetContextCreate(CurrentMemoryContext, "synckit message", ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(row_context);
    TransactionId last_xid = InvalidTransactionId;
    uint64 used = 0;
    for (; used < rows; ++used) {
        bool may_end_here = used > 0 && order[used].seq != last_seq;
        if (may_end_here && to.queued_bytes() > batch_bytes)
            break;
        CHECK_FOR_INTERRUPTS();
        DeltaRow row(order[used].xid); // here: its place in the result
        last_seq = order[used].seq;
        if (row.is_foreign())
            continue;
        auto xid = static_cast<TransactionId>(row.xid());
        if (xid != last_xid)
            flush_to_ = Max(flush_to_, TransactionIdGetCommitLSN(xid));
        last_xid = xid;
        row.append(to, cursor_.epoch);
        ++batch.messages;
        MemoryContextReset(row_context);
    }
    batch.rows += used;
    MemoryContextSwitchTo(before);
    MemoryContextDelete(row_context);
    return used;
}

} // namespace synckit
