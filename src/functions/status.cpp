/*
 * What people and monitors see: synckit_publisher_status and synckit_health().
 */
#include "bgworker/process/shared.hpp"
#include "postgres/bridge.hpp"
#include "postgres/catalog.hpp"
#include "functions/schema.hpp"
#include "postgres/settings.hpp"

#include "postgres/result_set.hpp"
extern "C" {
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

using namespace synckit;

namespace {

/* The publisher of this database as it is at this moment. */
struct PublisherStatus {
    const char* state = "not preloaded";
    int32 pid = 0;
    bool connected = false;
    bool has_destination = false;
    int64 published = 0;
    int64 lag_deltas = 0;
    double lag_seconds = 0;
    int64 epoch = 0;
    int64 outages = 0;
    int64 truncated = 0;
    int64 foreign = 0;
    char redis_address[sizeof DatabaseSlot::redis_address] = "";
    char channel_prefix[sizeof Channels::prefix] = "";
    char last_error[sizeof DatabaseSlot::last_error] = "";
    TimestampTz last_error_at = 0;
};

PublisherStatus publisher_status()
{
    PublisherStatus status;
    if (!shared_state())
        return status;
    DatabaseSlot* slot = find_slot(MyDatabaseId);
    WorkerState state = slot ? state_of(*slot) : WorkerState::none;
    /* The launcher needs a worker slot as well; the server's log says so while it starts. */
    if (state == WorkerState::none && pg_atomic_read_u32(&shared_state()->launcher) == 0)
        state = WorkerState::no_worker_slot;
    status.state = RecoveryInProgress() ? "standby" : to_text(state);
    if (!slot)
        return status;
    status.connected = state == WorkerState::publishing;
    status.published = static_cast<int64>(pg_atomic_read_u64(&slot->published));
    status.epoch = static_cast<int64>(pg_atomic_read_u64(&slot->epoch));
    status.outages = static_cast<int64>(pg_atomic_read_u64(&slot->outages));
    status.truncated = static_cast<int64>(pg_atomic_read_u64(&slot->truncated));
    status.foreign = static_cast<int64>(pg_atomic_read_u64(&slot->foreign));
    int64 since = static_cast<int64>(pg_atomic_read_u64(&slot->written) -
                                     pg_atomic_read_u64(&slot->written_mark));
    status.lag_deltas = static_cast<int64>(pg_atomic_read_u64(&slot->pending)) + Max(since, 0);
    LWLockAcquire(shared_lock(), LW_SHARED);
    status.pid = slot->pid;
    TimestampTz caught_up_at = slot->caught_up_at;
    if (slot->holds_destination && pg_atomic_read_u32(&slot->database) == MyDatabaseId) {
        std::memcpy(status.redis_address, slot->redis_address, sizeof status.redis_address);
        std::memcpy(status.channel_prefix, slot->channels.prefix, sizeof status.channel_prefix);
        status.has_destination = true;
    }
    std::memcpy(status.last_error, slot->last_error, sizeof status.last_error);
    status.last_error_at = slot->last_error_at;
    LWLockRelease(shared_lock());
    if (status.lag_deltas > 0 && caught_up_at > 0)
        status.lag_seconds = static_cast<double>(GetCurrentTimestamp() - caught_up_at) / 1e6;
    return status;
}

/* Not publishing is a fault only where publishing was asked for. Of whom the publisher goes by: the
 * session's settings count only where none has come up yet. */
bool is_publisher_wanted()
{
    if (RecoveryInProgress())
        return false;
    DatabaseSlot* slot = find_slot(MyDatabaseId);
    auto wanted = slot ? static_cast<Wanted>(pg_atomic_read_u32(&slot->wanted)) : Wanted::unknown;
    if (wanted == Wanted::unknown)
        return settings::redis_url[0] != '\0' && settings::publish;
    return wanted == Wanted::yes;
}

class ObjectBuilder {
  public:
    ObjectBuilder() { pushJsonbValue(&state_, WJB_BEGIN_OBJECT, nullptr); }
    void text(const char* key, const char* value)
    {
        JsonbValue v;
        v.type = jbvString;
        v.val.string.val = const_cast<char*>(value);
        v.val.string.len = static_cast<int>(std::strlen(value));
        put(key, &v);
    }
    void boolean(const char* key, bool value)
    {
        JsonbValue v;
        v.type = jbvBool;
        v.val.boolean = value;
        put(key, &v);
    }
    void number(const char* key, Datum numeric)
    {
        JsonbValue v;
        v.type = jbvNumeric;
        v.val.numeric = DatumGetNumeric(numeric);
        put(key, &v);
    }
    void integer(const char* key, int64 value)
    {
        number(key, DirectFunctionCall1(int8_numeric, Int64GetDatum(value)));
    }
    void json(const char* key, Jsonb* value)
    {
        JsonbValue v;
        v.type = jbvBinary;
        v.val.binary.data = &value->root;
        v.val.binary.len = static_cast<int>(VARSIZE(value) - VARHDRSZ);
        put(key, &v);
    }
    Jsonb* finish() { return JsonbValueToJsonb(pushJsonbValue(&state_, WJB_END_OBJECT, nullptr)); }

  private:
    void put(const char* key, JsonbValue* value)
    {
        JsonbValue name;
        name.type = jbvString;
        name.val.string.val = const_cast<char*>(key);
        name.val.string.len = static_cast<int>(std::strlen(key));
        pushJsonbValue(&state_, WJB_KEY, &name);
        pushJsonbValue(&state_, WJB_VALUE, value);
    }

    JsonbParseState* state_ = nullptr;
};

Jsonb* problems_json(Datum problems)
{
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(problems), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    JsonbParseState* state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_ARRAY, nullptr);
    for (int i = 0; i < count; ++i) {
        std::string_view text = datum_text(elements[i]);
        JsonbValue v;
        v.type = jbvString;
        v.val.string.val = const_cast<char*>(text.data());
        v.val.string.len = static_cast<int>(text.size());
        pushJsonbValue(&state, WJB_ELEM, &v);
    }
    return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, nullptr));
}

} // namespace

SYNCKIT_FUNCTION(synckit_stat_get_publisher)
{
    TupleDesc descriptor = result_row_type(fcinfo);
    PublisherStatus status = publisher_status();
    Datum values[] = {CStringGetTextDatum(status.state),
                      Int32GetDatum(status.pid),
                      BoolGetDatum(status.connected),
                      Int64GetDatum(status.published),
                      Int64GetDatum(status.lag_deltas),
                      Float8GetDatum(status.lag_seconds),
                      Int64GetDatum(status.epoch),
                      CStringGetTextDatum(status.redis_address),
                      CStringGetTextDatum(status.channel_prefix),
                      CStringGetTextDatum(status.last_error),
                      TimestampTzGetDatum(status.last_error_at),
                      Int64GetDatum(status.outages),
                      Int64GetDatum(status.truncated),
                      Int64GetDatum(status.foreign)};
    bool no_error = status.last_error_at == 0;
    bool nowhere = !status.has_destination;
    bool nulls[] = {false,
                    status.pid == 0,
                    false,
                    false,
                    false,
                    false,
                    status.epoch == 0,
                    nowhere || status.redis_address[0] == '\0',
                    nowhere,
                    no_error,
                    no_error,
                    false,
                    false,
                    false};
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

SYNCKIT_FUNCTION(synckit_health)
{
    SchemaStatus schema = schema_status();
    PublisherStatus publisher = publisher_status();
    bool healthy = schema.current && (publisher.connected || !is_publisher_wanted());

    ObjectBuilder schema_object;
    schema_object.integer("version", schema.version);
    schema_object.integer("library_version", library_schema_version);
    schema_object.boolean("current", schema.current);
    schema_object.json("problems", problems_json(schema.problems));

    ObjectBuilder publisher_object;
    publisher_object.text("state", publisher.state);
    publisher_object.boolean("connected", publisher.connected);
    publisher_object.integer("published", publisher.published);
    publisher_object.integer("lag_deltas", publisher.lag_deltas);
    publisher_object.number(
        "lag_seconds", DirectFunctionCall1(float8_numeric, Float8GetDatum(publisher.lag_seconds)));
    if (publisher.has_destination)
        publisher_object.text("channel_prefix", publisher.channel_prefix);
    if (has_privs_of_role(GetUserId(), ROLE_PG_MONITOR)) {
        if (publisher.redis_address[0])
            publisher_object.text("redis_address", publisher.redis_address);
        if (publisher.last_error[0])
            publisher_object.text("last_error", publisher.last_error);
    }

    ObjectBuilder health;
    health.text("status", healthy ? "ok" : "degraded");
    health.json("schema", schema_object.finish());
    health.json("publisher", publisher_object.finish());
    PG_RETURN_JSONB_P(health.finish());
}
