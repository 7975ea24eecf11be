#include "bgworker/feed/set_aside.hpp"

#include "postgres/sql.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"
}

namespace synckit {

namespace {

/* Not twice: after a crash the cursor may stand before what is set aside already. */
constexpr Oid insert_types[] = {XID8OID, INT8OID, UUIDOID, TEXTOID, INT8OID, TEXTOID, INT8OID};
Statement insert_statement(
    "INSERT INTO _synckit.set_aside (xid, seq, delta_id, document_id, version, error, broadcast, "
    "tries, requeued) SELECT $1, $2, $3, $4, $5, $6, $7, 1, true WHERE NOT EXISTS ("
    "SELECT FROM _synckit.set_aside s WHERE s.xid OPERATOR(pg_catalog.=) $1 "
    "AND s.seq OPERATOR(pg_catalog.=) $2 "
    "AND (s.delta_id OPERATOR(pg_catalog.=) $3) IS NOT FALSE "
    "AND coalesce(s.broadcast, 0) OPERATOR(pg_catalog.=) coalesce($7, 0))",
    insert_types);

/* Rows that somebody holds locked are passed by: the worker waits for nobody. */
constexpr Oid next_types[] = {INT8OID, TIMESTAMPTZOID};
Statement next_statement("SELECT id, xid, seq, broadcast FROM _synckit.set_aside "
                         "WHERE requeued AND id OPERATOR(pg_catalog.>) $1 "
                         "AND set_aside_at OPERATOR(pg_catalog.<) $2 ORDER BY id LIMIT 1 "
                         "FOR UPDATE SKIP LOCKED",
                         next_types);
constexpr Oid id_types[] = {INT8OID};
Statement forget_statement(
    "DELETE FROM _synckit.set_aside WHERE id OPERATOR(pg_catalog.=) (SELECT id "
    "FROM _synckit.set_aside WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED)",
    id_types);
Statement
    delete_broadcast_statement("DELETE FROM _synckit.broadcasts WHERE id OPERATOR(pg_catalog.=) $1",
                               id_types);
constexpr Oid put_back_types[] = {INT8OID, TEXTOID, INT4OID};
Statement
    put_back_statement("UPDATE _synckit.set_aside SET error = $2, "
                       "tries = tries OPERATOR(pg_catalog.+) 1, set_aside_at = pg_catalog.now(), "
                       "requeued = (tries OPERATOR(pg_catalog.+) 1) OPERATOR(pg_catalog.<) $3 "
                       "WHERE id OPERATOR(pg_catalog.=) (SELECT id FROM _synckit.set_aside "
                       "WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED) "
                       "RETURNING tries, requeued",
                       put_back_types);

template <class Body>
void in_transaction(Body body)
{
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    SpiSession spi;
    body();
    spi.finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
}

} // namespace

void set_aside(std::span<const Subject> subjects)
{
    in_transaction([&] {
        for (const Subject& subject : subjects) {
            if (!subject.error)
                continue;
            bool unreadable = !subject.document;
            Datum values[] = {
                FullTransactionIdGetDatum(FullTransactionIdFromU64(subject.xid)),
                Int64GetDatum(subject.seq),
                UUIDPGetDatum(&subject.id),
                unreadable ? Datum(0) : CStringGetTextDatum(subject.document),
                Int64GetDatum(subject.version),
                CStringGetTextDatum(subject.error),
                Int64GetDatum(subject.broadcast),
            };
            bool nulls[] = {
                false, false, unreadable, unreadable, unreadable, false, subject.broadcast == 0};
            insert_statement.execute({}, values, nulls);
        }
    });
}

std::optional<Requeued> next_requeued(int64 after, TimestampTz since)
{
    Requeued found{};
    in_transaction([&] {
        Datum values[] = {Int64GetDatum(after), TimestampTzGetDatum(since)};
        if (next_statement.execute({}, values) == 0)
            return;
        bool is_delta;
        found.id = DatumGetInt64(column(0, 1));
        found.subject.xid = U64FromFullTransactionId(DatumGetFullTransactionId(column(0, 2)));
        found.subject.seq = DatumGetInt64(column(0, 3));
        Datum broadcast = column(0, 4, &is_delta);
        found.subject.broadcast = is_delta ? 0 : DatumGetInt64(broadcast);
    });
    return found.id ? std::optional(found) : std::nullopt;
}

void forget_requeued(const Requeued& requeued)
{
    in_transaction([&] {
        Datum value = Int64GetDatum(requeued.id);
        Datum broadcast = Int64GetDatum(requeued.subject.broadcast);
        if (forget_statement.execute({}, &value) > 0 && requeued.subject.broadcast != 0)
            delete_broadcast_statement.execute({}, &broadcast);
    });
}

int put_back_requeued(int64 id, const char* error)
{
    int tries = 0;
    in_transaction([&] {
        Datum values[] = {Int64GetDatum(id), CStringGetTextDatum(error), Int32GetDatum(most_tries)};
        if (put_back_statement.execute({}, values) > 0 && !DatumGetBool(column(0, 2)))
            tries = DatumGetInt32(column(0, 1));
    });
    return tries;
}

} // namespace synckit
