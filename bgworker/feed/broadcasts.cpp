#include "bgworker/feed/broadcasts.hpp"

#include "bgworker/process/steps.hpp"
#include "postgres/bridge.hpp"
#include "postgres/extension_owner.hpp"
#include "postgres/json_text.hpp"
#include "postgres/settings.hpp"
#include "postgres/unix_time.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"
}

#include "message/message.hpp"

namespace synckit {

namespace {

#define BROADCAST_COLUMNS "b.xid, b.id, b.event, b.data, b.server_id, b.sent_at"

constexpr Oid live_types[] = {XID8ARRAYOID, XID8OID, XID8OID, INT8OID};
Statement live_statement(
    "SELECT " BROADCAST_COLUMNS " FROM _synckit.broadcasts b "
    "WHERE b.xid OPERATOR(pg_catalog.=) ANY ($1) "
    "UNION ALL SELECT " BROADCAST_COLUMNS " FROM _synckit.broadcasts b "
    "WHERE b.xid OPERATOR(pg_catalog.>=) $2 AND b.xid OPERATOR(pg_catalog.<) $3 LIMIT $4",
    live_types);

/* By id, from the position on: of a backlog each row is looked at once. */
constexpr Oid behind_types[] = {TEXTOID, TEXTOID, INT8OID, INT8OID};
Statement
    behind_statement("SELECT " BROADCAST_COLUMNS " FROM _synckit.broadcasts b "
                     "WHERE b.id OPERATOR(pg_catalog.>) $3 "
                     "AND NOT pg_catalog.pg_visible_in_snapshot(b.xid, $1::pg_catalog.pg_snapshot) "
                     "AND pg_catalog.pg_visible_in_snapshot(b.xid, $2::pg_catalog.pg_snapshot) "
                     "ORDER BY b.id LIMIT $4",
                     behind_types);

constexpr Oid one_types[] = {INT8OID};
Statement one_statement("SELECT " BROADCAST_COLUMNS " FROM _synckit.broadcasts b "
                        "WHERE b.id OPERATOR(pg_catalog.=) $1",
                        one_types);

/* From where the last time ended: what is dead and cannot be removed yet is not visited again. */
constexpr Oid delete_types[] = {XID8OID, XID8OID};
Statement delete_statement(
    "DELETE FROM _synckit.broadcasts b WHERE b.xid OPERATOR(pg_catalog.>=) $1 "
    "AND b.xid OPERATOR(pg_catalog.<) $2 AND NOT EXISTS (SELECT FROM _synckit.set_aside s "
    "WHERE s.xid OPERATOR(pg_catalog.=) b.xid AND s.broadcast OPERATOR(pg_catalog.=) b.id)",
    delete_types);

constexpr Oid delete_old_types[] = {TEXTOID, TIMESTAMPTZOID};
Statement delete_old_statement(
    "DELETE FROM _synckit.broadcasts b WHERE b.sent_at OPERATOR(pg_catalog.<) $2 AND ($1 IS NULL "
    "OR pg_catalog.pg_visible_in_snapshot(b.xid, $1::pg_catalog.pg_snapshot))",
    delete_old_types);

} // namespace

uint64 BroadcastRow::xid() const
{
    return U64FromFullTransactionId(DatumGetFullTransactionId(column(row_, 1)));
}

void BroadcastRow::identify(Subject& subject) const
{
    subject.broadcast = order();
    subject.seq = 0;
}

bool BroadcastRow::append(RedisLink& to, int64 epoch) const
{
    auto limit = static_cast<size_t>(settings::max_message_bytes);
    bool no_data, no_server;
    Datum data = column(row_, 4, &no_data), server = column(row_, 5, &no_server);
    BroadcastMessage message{};
    message.event = datum_text(column(row_, 3));
    if (!no_server)
        message.server = datum_text(server);
    message.timestamp_ms = unix_us(DatumGetTimestampTz(column(row_, 6))) / 1000;
    message.epoch = epoch;
    bool too_long = false;
    if (!no_data) {
        StringInfoData text;
        initStringInfo(&text);
        too_long = !append_json_text(&text, &DatumGetJsonbP(data)->root, limit);
        message.data = {text.data, static_cast<size_t>(text.len)};
    }
    ContextMemory memory(CurrentMemoryContext);
    run_pure([&] {
        std::pmr::string channel(&memory), body(&memory);
        append_broadcast_channel(channel, settings::channel_prefix);
        if (!too_long)
            append_broadcast_message(body, message);
        if (too_long || body.size() > limit)
            throw Error(sqlstate::program_limit_exceeded,
                        "the broadcast is longer than synckit.max_message_bytes");
        to.publish(channel, body);
    });
    return false;
}

bool may_have_broadcasts()
{
    Oid schema = get_namespace_oid("_synckit", true);
    Oid table = OidIsValid(schema) ? get_relname_relid("broadcasts", schema) : InvalidOid;
    if (!OidIsValid(table))
        return false;
    Relation relation = table_open(table, AccessShareLock);
    bool has_pages = RelationGetNumberOfBlocks(relation) > 0;
    table_close(relation, AccessShareLock);
    return has_pages;
}

uint64 find_live_broadcasts(const Snapshot& from, const Snapshot& until, int64 limit)
{
    Datum values[] = {ended_between(from, until), xid_datum(from.xmax), xid_datum(until.xmax),
                      Int64GetDatum(limit)};
    return live_statement.execute({}, values);
}

uint64 find_broadcasts_behind(const char* from, const char* until, int64 position, int64 limit)
{
    Datum values[] = {CStringGetTextDatum(from), CStringGetTextDatum(until),
                      Int64GetDatum(position), Int64GetDatum(limit)};
    return behind_statement.execute({}, values);
}

uint64 find_broadcast(int64 id)
{
    Datum value = Int64GetDatum(id);
    return one_statement.execute({}, &value);
}

void delete_published_broadcasts(const char* published_to)
{
    static uint64 deleted_to = 0;
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    if (may_have_broadcasts()) {
        SpiSession spi;
        uint64 published = parse_snapshot(published_to).xmin;
        Datum values[] = {xid_datum(deleted_to), xid_datum(published)};
        delete_statement.execute({}, values);
        at_step("deleting-broadcasts");
        deleted_to = published;
        spi.finish();
    }
    PopActiveSnapshot();
    CommitTransactionCommand();
}

void delete_old_broadcasts(const char* published_to, TimestampTz before)
{
    Datum values[] = {published_to ? CStringGetTextDatum(published_to) : Datum(0),
                      TimestampTzGetDatum(before)};
    bool nulls[] = {!published_to, false};
    as_extension_owner([&] { delete_old_statement.execute({}, values, nulls); });
}

} // namespace synckit
