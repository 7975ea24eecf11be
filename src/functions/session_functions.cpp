/*
 * synckit_save_session(), synckit_update_session(), synckit_delete_session() and
 * synckit_get_sessions(): docs/reference.md describes them.
 */
#include "postgres/bridge.hpp"
#include "postgres/result_set.hpp"

extern "C" {
#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

#include "clock/client_id.hpp"
#include "document/delta.hpp"

using namespace synckit;

namespace {

#define SESSION_COLUMNS "id, user_id, client_id, connected_at, last_seen, metadata"

constexpr Oid columns[] = {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, JSONBOID};

constexpr Oid save_types[] = {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, JSONBOID};
Statement save_statement(
    "INSERT INTO synckit.sessions (" SESSION_COLUMNS ") VALUES ($1, $2, $3, $4, $4, $5) "
    "ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, client_id = excluded.client_id, "
    "connected_at = excluded.connected_at, last_seen = excluded.last_seen, "
    "metadata = excluded.metadata RETURNING " SESSION_COLUMNS,
    save_types, columns);

constexpr Oid update_types[] = {TEXTOID, TIMESTAMPTZOID, JSONBOID};
Statement update_statement("UPDATE synckit.sessions SET last_seen = $2, "
                           "metadata = COALESCE($3, metadata) WHERE id OPERATOR(pg_catalog.=) $1",
                           update_types);

constexpr Oid key_types[] = {TEXTOID};
Statement delete_statement("DELETE FROM synckit.sessions WHERE id OPERATOR(pg_catalog.=) $1",
                           key_types);
Statement user_statement("SELECT " SESSION_COLUMNS
                         " FROM synckit.sessions WHERE user_id OPERATOR(pg_catalog.=) $1 "
                         "ORDER BY connected_at DESC, id",
                         key_types, columns);

#undef SESSION_COLUMNS

void require_sessions()
{
    require_schema();
    require_table("sessions");
}

/* Of 1 to 255 characters. */
void check_id(FunctionCallInfo fcinfo, int argument, const char* what)
{
    if (PG_ARGISNULL(argument))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", what),
                 errdetail("Every session has one."), errhint("Pass the %s.", what)));
    std::string_view id = datum_text(PG_GETARG_DATUM(argument));
    run_pure([&] { check_name(id, what, 255); });
}

/* NULL passes. */
void check_metadata(FunctionCallInfo fcinfo, int argument)
{
    if (!PG_ARGISNULL(argument) && !JB_ROOT_IS_OBJECT(PG_GETARG_JSONB_P(argument)))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("metadata of a session must be a JSON object"),
                        errdetail("It is another kind of JSON value."),
                        errhint("'{}' is the empty one.")));
}

Datum empty_object()
{
    return DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
}

} // namespace

SYNCKIT_FUNCTION(synckit_save_session)
{
    check_id(fcinfo, 0, "session id");
    check_id(fcinfo, 1, "user id");
    if (!PG_ARGISNULL(2)) {
        std::string_view client = datum_text(PG_GETARG_DATUM(2));
        run_pure([&] { ClientId::from_text(client); });
    }
    check_metadata(fcinfo, 3);
    require_sessions();
    Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2),
                      TimestampTzGetDatum(GetCurrentTimestamp()),
                      PG_ARGISNULL(3) ? empty_object() : PG_GETARG_DATUM(3)};
    bool nulls[] = {false, false, PG_ARGISNULL(2), false, false};
    return_rows(fcinfo, Access::write, save_statement, values, nulls);
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_update_session)
{
    check_id(fcinfo, 0, "session id");
    TimestampTz seen = PG_ARGISNULL(1) ? GetCurrentTimestamp() : PG_GETARG_TIMESTAMPTZ(1);
    if (TIMESTAMP_NOT_FINITE(seen))
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                        errmsg("last_seen of a session must be finite"),
                        errdetail("It is %sinfinity.", TIMESTAMP_IS_NOBEGIN(seen) ? "-" : ""),
                        errhint("NULL stands for now.")));
    check_metadata(fcinfo, 2);
    require_sessions();
    Datum values[] = {PG_GETARG_DATUM(0), TimestampTzGetDatum(seen), PG_GETARG_DATUM(2)};
    bool nulls[] = {false, false, PG_ARGISNULL(2)};
    SpiSession spi;
    bool updated = update_statement.execute(extension_of(fcinfo), values, nulls) > 0;
    spi.finish();
    PG_RETURN_BOOL(updated);
}

SYNCKIT_FUNCTION(synckit_delete_session)
{
    check_id(fcinfo, 0, "session id");
    require_sessions();
    Datum id = PG_GETARG_DATUM(0);
    SpiSession spi;
    bool deleted = delete_statement.execute(extension_of(fcinfo), &id) > 0;
    spi.finish();
    PG_RETURN_BOOL(deleted);
}

SYNCKIT_FUNCTION(synckit_get_sessions)
{
    require_sessions();
    Datum user = PG_GETARG_DATUM(0);
    return_rows(fcinfo, Access::read, user_statement, &user);
    return Datum(0);
}
