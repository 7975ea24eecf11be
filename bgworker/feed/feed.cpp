#include "bgworker/feed/feed.hpp"

#include "bgworker/feed/broadcasts.hpp"
#include "bgworker/feed/oldest_known_xid.hpp"
#include "bgworker/feed/subtransaction.hpp"

#include <algorithm>

#include "postgres/settings.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"
}

namespace synckit {

namespace {

/* A batch ends where its messages have so many bytes: what Redis and we hold of it stays bounded.
 */
constexpr size_t batch_bytes = 8 * 1024 * 1024;
/* Rows of a backlog that are looked up at a time: 16 bytes each. */
constexpr int window_rows = 200'000;

constexpr Oid key_results[] = {XID8OID, INT8OID};

/* Bounded on both sides: a restored row may carry any xid, and without the upper bound it would
 * match for ever. */
constexpr Oid live_types[] = {XID8ARRAYOID, XID8OID, XID8OID, INT8OID};
#define LIVE_SINCE                                                                                 \
    "SELECT " DELTA_ROW_COLUMNS " FROM synckit.deltas d "                                          \
    "WHERE d.xid OPERATOR(pg_catalog.>=) $2 AND d.xid OPERATOR(pg_catalog.<) $3"
Statement live_statement("SELECT " DELTA_ROW_COLUMNS " FROM synckit.deltas d "
                         "WHERE d.xid OPERATOR(pg_catalog.=) ANY ($1) "
                         "UNION ALL " LIVE_SINCE " LIMIT $4",
                         live_types, delta_row_results);
/* The same where $1 is empty, as it is unless writers overlap: half of the executor's nodes. */
Statement live_since_statement(LIVE_SINCE " LIMIT $4", live_types, delta_row_results);

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
Statement chunk_statement("SELECT " DELTA_ROW_COLUMNS " FROM ROWS FROM (pg_catalog.unnest($1), "
                          "pg_catalog.unnest($2)) k (xid, seq) "
                          "JOIN synckit.deltas d ON d.xid OPERATOR(pg_catalog.=) k.xid "
                          "AND d.seq OPERATOR(pg_catalog.=) k.seq",
                          chunk_types, delta_row_results);

constexpr Oid again_types[] = {XID8OID, INT8OID};
Statement again_statement("SELECT " DELTA_ROW_COLUMNS " FROM synckit.deltas d "
                          "WHERE d.xid OPERATOR(pg_catalog.=) $1 "
                          "AND d.seq OPERATOR(pg_catalog.=) $2",
                          again_types, delta_row_results);

/* Of the transaction, as text. */
char* current_snapshot()
{
    return OidOutputFunctionCall(F_PG_SNAPSHOT_OUT, OidFunctionCall0(F_PG_CURRENT_SNAPSHOT));
}

} // namespace

Batch Feed::read(RedisLink& to, size_t most, bool with_care)
{
    Batch batch;
    most_ = most;
    with_care_ = with_care;
    forget_subjects();
    OwnerTransaction transaction;
    transaction.begin_reading();
    flush_to_ = InvalidXLogRecPtr;
    took_snapshot_ = false;
    if (cursor_.publishing_to)
        read_backlog(transaction, to, batch);
    if (!cursor_.publishing_to)
        read_live(transaction, to, batch);
    batch.subjects = {subjects_, subject_count_};
    transaction.end();
    /* A transaction with synchronous_commit = off is seen before it is durable: nobody shall hear
     * of it before. */
    if (flush_to_ != InvalidXLogRecPtr)
        XLogFlush(flush_to_);
    return batch;
}

Batch Feed::read_again(RedisLink& to, const Subject& subject)
{
    Batch batch;
    most_ = 1;
    with_care_ = true;
    forget_subjects();
    OwnerTransaction transaction;
    transaction.begin_reading();
    int64 last;
    if (subject.broadcast != 0) {
        transaction.as_worker(
            [&] { append_rows<BroadcastRow>(to, find_broadcast(subject.broadcast), last, batch); });
    } else {
        Datum values[] = {xid_datum(subject.xid), Int64GetDatum(subject.seq)};
        append_rows<DeltaRow>(to, again_statement.execute({}, values), last, batch);
    }
    batch.subjects = {subjects_, subject_count_};
    transaction.end();
    return batch;
}

void Feed::set_next(const char* published_to, const char* publishing_to, int64 position,
                    int64 broadcast_position, uint64 pending)
{
    auto keep = [](const char* text) {
        return text ? MemoryContextStrdup(TopMemoryContext, text) : nullptr;
    };
    reset();
    next_published_to_ = keep(published_to);
    next_publishing_to_ = keep(publishing_to);
    next_position_ = position;
    next_broadcast_position_ = broadcast_position;
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
    if (!next_published_to_) // a backlog without a row that it shows: accepted while it was read
        return;
    pfree(cursor_.published_to);
    if (cursor_.publishing_to)
        pfree(cursor_.publishing_to);
    cursor_.published_to = next_published_to_;
    cursor_.publishing_to = next_publishing_to_;
    next_published_to_ = next_publishing_to_ = nullptr;
    cursor_.position = next_position_;
    cursor_.broadcast_position = next_broadcast_position_;
    cursor_.published += static_cast<int64>(messages);
    pending_ = next_pending_;
    while (window_at_ < window_size_ && window_[window_at_].seq <= cursor_.position)
        ++window_at_;
}

void Feed::read_live(OwnerTransaction& transaction, RedisLink& to, Batch& batch)
{
    took_snapshot_ = true;
    Snapshot from = parse_snapshot(cursor_.published_to);
    char* now_text = current_snapshot();
    Snapshot now = parse_snapshot(now_text);
    Datum values[] = {ended_between(from, now), xid_datum(from.xmax), xid_datum(now.xmax),
                      Int64GetDatum(settings::publish_batch + 1)};
    auto most = static_cast<uint64>(settings::publish_batch);
    bool none_ended = ARR_NDIM(DatumGetArrayTypeP(values[0])) == 0;
    uint64 rows = (none_ended ? live_since_statement : live_statement).execute({}, values);
    if (rows > most) {
        freeze(now_text);
        pending_ = count(from, now, now_text, cursor_.position);
        read_backlog(transaction, to, batch);
        return;
    }
    start_over();
    int64 last_seq = PG_INT64_MIN;
    size_t used = append_rows<DeltaRow>(to, rows, last_seq, batch);
    pending_ = rows;
    deltas_done_ = used == rows;
    int64 last_id = 0;
    bool all = used == rows && read_live_broadcasts(transaction, to, from, now, last_id, batch);
    if (all)
        set_next(now_text, nullptr, 0, 0, 0);
    else
        set_next(cursor_.published_to, now_text, last_seq, last_id, rows - used);
}

/* What is shown is a backlog from now on. */
void Feed::freeze(const char* snapshot)
{
    cursor_.publishing_to = MemoryContextStrdup(TopMemoryContext, snapshot);
    cursor_.position = PG_INT64_MIN;
    cursor_.broadcast_position = 0;
    start_over();
}

void Feed::start_over()
{
    reset();
    window_size_ = window_at_ = 0;
    deltas_done_ = false;
}

/* After the deltas: who waits for a broadcast may rely on them. True if these were all. */
bool Feed::read_live_broadcasts(OwnerTransaction& transaction, RedisLink& to, const Snapshot& from,
                                const Snapshot& now, int64& last_id, Batch& batch)
{
    bool all = true;
    transaction.as_worker([&] {
        if (!may_have_broadcasts())
            return;
        auto most = static_cast<uint64>(settings::publish_batch);
        uint64 rows = find_live_broadcasts(from, now, settings::publish_batch + 1);
        bool room = rows <= most && batch.rows < most_;
        all = rows == 0 || (room && append_rows<BroadcastRow>(to, rows, last_id, batch) == rows);
    });
    return all;
}

bool Feed::read_broadcasts_behind(OwnerTransaction& transaction, RedisLink& to, Batch& batch)
{
    bool found = false;
    transaction.as_worker([&] {
        auto most = static_cast<int64>(most_);
        uint64 rows = may_have_broadcasts()
                          ? find_broadcasts_behind(cursor_.published_to, cursor_.publishing_to,
                                                   cursor_.broadcast_position, most)
                          : 0;
        if (rows == 0)
            return;
        int64 last_id = cursor_.broadcast_position;
        append_rows<BroadcastRow>(to, rows, last_id, batch);
        set_next(cursor_.published_to, cursor_.publishing_to, cursor_.position, last_id, pending_);
        found = true;
    });
    return found;
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
    char* now_text = current_snapshot();
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

void Feed::read_backlog(OwnerTransaction& transaction, RedisLink& to, Batch& batch)
{
    Snapshot from = parse_snapshot(cursor_.published_to);
    Snapshot until = parse_snapshot(cursor_.publishing_to);
    if (!deltas_done_ && window_at_ == window_size_) {
        fill_window(from, until);
        deltas_done_ = window_size_ == 0;
    }
    if (deltas_done_) {
        if (!read_broadcasts_behind(transaction, to, batch)) {
            set_next(cursor_.publishing_to, nullptr, 0, 0, 0);
            accept(0);
        }
        return;
    }
    size_t end = Min(window_at_ + most_, window_size_);
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
    size_t used = append_rows<DeltaRow>(to, rows, last_seq, batch);
    if (used == rows)
        last_seq = window_[end - 1].seq;
    batch.rows =
        Max(batch.rows,
            size_t{1}); // rows may have been deleted meanwhile: there is progress all the same
    set_next(cursor_.published_to, cursor_.publishing_to, last_seq, 0,
             pending_ - Min(pending_, used));
}

/* Appends the rows of SPI_tuptable in their order, as many as a batch may hold; returns how many.
 */
template <class Row>
size_t Feed::append_rows(RedisLink& to, uint64 rows, int64& last, Batch& batch)
{
    Key* order = static_cast<Key*>(palloc(sizeof(Key) * (rows + 1)));
    for (uint64 i = 0; i < rows; ++i)
        order[i] = {i, Row::order_of(i)};
    std::sort(order, order + rows, [](const Key& a, const Key& b) { return a.seq < b.seq; });

    make_room_for_subjects(rows);
    MemoryContext row_context =
        AllocSetContextCreate(CurrentMemoryContext, "synckit message", ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(row_context);
    uint64 oldest_known = oldest_known_xid();
    TransactionId last_xid = InvalidTransactionId;
    uint64 used = 0;
    for (; used < rows; ++used) {
        bool may_end_here = used > 0 && order[used].seq != last;
        if (may_end_here && (batch.rows + used >= most_ || to.queued_bytes() > batch_bytes))
            break;
        CHECK_FOR_INTERRUPTS();
        Row row(order[used].xid); // here: its place in the result
        last = order[used].seq;
        if (row.is_foreign()) {
            ++batch.foreign;
            continue;
        }
        auto xid = static_cast<TransactionId>(row.xid());
        if (xid != last_xid && row.xid() >= oldest_known)
            flush_to_ = Max(flush_to_, TransactionIdGetCommitLSN(xid));
        last_xid = xid;
        append(to, row, batch);
        MemoryContextReset(row_context);
    }
    batch.rows += used;
    MemoryContextSwitchTo(before);
    MemoryContextDelete(row_context);
    return used;
}

template <class Row>
void Feed::append(RedisLink& to, const Row& row, Batch& batch)
{
    Subject& subject = subjects_[subject_count_++];
    subject = {};
    subject.xid = row.xid();
    subject.seq = row.order();
    auto body = [&] {
        MemoryContext before = MemoryContextSwitchTo(subject_context_);
        row.identify(subject);
        MemoryContextSwitchTo(before);
        batch.truncated += row.append(to, cursor_.epoch);
    };
    if (with_care_)
        subject.error = run_in_subtransaction(subject_context_, body);
    else
        body();
    batch.messages += subject.error == nullptr;
}

void Feed::note_refusals(const std::vector<RefusedMessage>& refusals)
{
    auto refused = refusals.begin();
    size_t message = 0;
    for (Subject& subject : std::span(subjects_, subject_count_)) {
        if (refused == refusals.end())
            break;
        if (subject.error)
            continue;
        if (refused->message == message)
            subject.error = MemoryContextStrdup(subject_context_, refused++->error);
        ++message;
    }
}

void Feed::note_failure(const char* error)
{
    for (Subject& subject : std::span(subjects_, subject_count_))
        if (!subject.error)
            subject.error = MemoryContextStrdup(subject_context_, error);
}

void Feed::make_room_for_subjects(uint64 rows)
{
    if (!subject_context_)
        subject_context_ =
            AllocSetContextCreate(TopMemoryContext, "synckit subjects", ALLOCSET_DEFAULT_SIZES);
    size_t bytes = sizeof(Subject) * (subject_count_ + rows + 1);
    subjects_ = static_cast<Subject*>(subjects_ ? repalloc(subjects_, bytes)
                                                : MemoryContextAlloc(subject_context_, bytes));
}

void Feed::forget_subjects()
{
    if (subject_context_)
        MemoryContextReset(subject_context_);
    subjects_ = nullptr;
    subject_count_ = 0;
}

} // namespace synckit
