/*
 * synckit_broadcast(), and what operators ask of the publisher.
 */
#include "bgworker/feed/cursor.hpp"
#include "bgworker/process/wakeup.hpp"
#include "postgres/bridge.hpp"
#include "postgres/extension_owner.hpp"
#include "postgres/json_text.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"
#include "storage/rights.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/acl.h"
}

#include "message/message.hpp"

using namespace synckit;

namespace {

constexpr Oid requeue_types[] = {INT8OID};
Statement requeue_statement("UPDATE _synckit.set_aside SET requeued = true "
                            "WHERE ($1 IS NULL OR id OPERATOR(pg_catalog.=) $1) AND NOT requeued",
                            requeue_types);

constexpr Oid broadcast_types[] = {TEXTOID, JSONBOID, TEXTOID};
Statement broadcast_statement(
    "INSERT INTO _synckit.broadcasts (event, data, server_id) VALUES ($1, $2, $3)",
    broadcast_types);

constexpr int longest_event = 255;

void check_event(Datum event)
{
    std::string_view text = datum_text(event);
    if (text.empty())
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("event must not be empty")));
    int length = pg_mbstrlen_with_len(text.data(), static_cast<int>(text.size()));
    if (length > longest_event)
        ereport(ERROR, (errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION), errmsg("event is too long"),
                        errdetail("It has %d characters; at most %d are allowed.", length,
                                  longest_event)));
}

/* Of a delta that is too long a receiver reads the rest in Postgres; of a broadcast there is
 * nothing to read. */
void check_broadcast_size(Datum event, Jsonb* data)
{
    auto limit = static_cast<size_t>(settings::max_message_bytes);
    StringInfoData text;
    initStringInfo(&text);
    bool fits = !data || append_json_text(&text, &data->root, limit);
    if (fits) {
        BroadcastMessage message{};
        message.event = datum_text(event);
        message.data = {text.data, static_cast<size_t>(text.len)};
        message.server = settings::server_id;
        message.timestamp_ms = message.epoch = PG_INT64_MAX; // no number is longer
        ContextMemory memory(CurrentMemoryContext);
        run_pure([&] {
            std::pmr::string body(&memory);
            append_broadcast_message(body, message);
            fits = body.size() <= limit;
        });
    }
    if (!fits)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the broadcast is too long"),
                 errdetail("A message may have %d bytes (synckit.max_message_bytes).",
                           settings::max_message_bytes),
                 errhint("Write what is long into a document, and broadcast where it is.")));
}

void require_operator(const char* what)
{
    require_schema();
    if (!is_owner(require_table("deltas")))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("must be owner of synckit's tables to %s", what),
                        errhint("Become a member of the role that owns them.")));
}

} // namespace

SYNCKIT_FUNCTION(synckit_requeue)
{
    require_operator("requeue what was set aside");
    Datum id = PG_ARGISNULL(0) ? Datum(0) : PG_GETARG_DATUM(0);
    bool all = PG_ARGISNULL(0);
    int64 requeued = 0;
    SpiSession spi;
    as_extension_owner(
        [&] { requeued = static_cast<int64>(requeue_statement.execute({}, &id, &all)); });
    spi.finish();
    if (requeued > 0)
        note_requeued();
    PG_RETURN_INT64(requeued);
}

SYNCKIT_FUNCTION(synckit_new_epoch)
{
    require_operator("begin a new epoch");
    SpiSession spi;
    int64 epoch = begin_epoch();
    spi.finish();
    PG_RETURN_INT64(epoch);
}

SYNCKIT_FUNCTION(synckit_broadcast)
{
    require_schema();
    if (AclResult result = pg_class_aclcheck(require_table("deltas"), GetUserId(), ACL_INSERT);
        result != ACLCHECK_OK)
        aclcheck_error(result, OBJECT_TABLE, "deltas");
    if (PG_ARGISNULL(0))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("event must not be null")));
    Datum event = PG_GETARG_DATUM(0);
    bool no_data = PG_ARGISNULL(1), no_server = settings::server_id[0] == '\0';
    check_event(event);
    check_broadcast_size(event, no_data ? nullptr : PG_GETARG_JSONB_P(1));
    Datum values[] = {event, no_data ? Datum(0) : PG_GETARG_DATUM(1),
                      CStringGetTextDatum(settings::server_id)};
    bool nulls[] = {false, no_data, no_server};
    SpiSession spi;
    as_extension_owner([&] { broadcast_statement.execute({}, values, nulls); });
    spi.finish();
    note_broadcast_written();
    PG_RETURN_VOID();
}
