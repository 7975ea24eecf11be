/*
 * The GIN operator class of vclock. Its keys are the client ids, as bytes: a client's counter rises
 * with every write, so an index that held counters would grow with each of them, while the ids
 * stay. So `?` is answered by the index alone, and `>>=` and `>>` look at the rows that know all
 * clients asked for.
 */
#include "types/arguments.hpp"

extern "C" {
#include "access/gin.h"
#include "access/stratnum.h"
}

#include "clock/clock.hpp"

namespace synckit {
namespace {

constexpr StrategyNumber has_strategy = 1;

/* A UUID's key: a byte that begins no text, and its 16 bytes. */
constexpr size_t uuid_key_size = 1 + uuid_size;

Datum key_of(const ClientId& client)
{
    size_t size = client.is_uuid() ? uuid_key_size : client.plain().size();
    auto* key = static_cast<bytea*>(palloc(size + VARHDRSZ));
    SET_VARSIZE(key, size + VARHDRSZ);
    if (client.is_uuid()) {
        *VARDATA(key) = '\0';
        std::memcpy(VARDATA(key) + 1, client.uuid(), uuid_size);
    } else {
        std::memcpy(VARDATA(key), client.plain().data(), size);
    }
    return PointerGetDatum(key);
}

Datum* keys_of(Bytes bytes, int32* count)
{
    ClockView clock;
    run_pure([&] { clock = ClockView(bytes); });
    auto* keys = static_cast<Datum*>(
        MemoryContextAllocHuge(CurrentMemoryContext, (size_t{clock.size()} + 1) * sizeof(Datum)));
    *count = 0;
    auto add = [&](auto at) {
        for (; !at.done(); at.next()) {
            CHECK_FOR_INTERRUPTS();
            keys[(*count)++] = key_of(at.client());
        }
    };
    add(UuidCursor(clock));
    add(TextCursor(clock));
    return keys;
}

} // namespace
} // namespace synckit

using namespace synckit;

SYNCKIT_FUNCTION(vclock_gin_extract_value)
{
    Argument clock(fcinfo, 0);
    PG_RETURN_POINTER(keys_of(clock.bytes(), reinterpret_cast<int32*>(PG_GETARG_POINTER(1))));
}

SYNCKIT_FUNCTION(vclock_gin_extract_query)
{
    Argument query(fcinfo, 0);
    auto* count = reinterpret_cast<int32*>(PG_GETARG_POINTER(1));
    if (PG_GETARG_UINT16(2) == has_strategy) {
        std::optional<ClientId> client;
        run_pure([&] { client = ClientId::find(query.text()); });
        *count = client ? 1 : 0; // without keys nothing is found
        if (!client)
            PG_RETURN_POINTER(nullptr);
        auto* key = static_cast<Datum*>(palloc(sizeof(Datum)));
        *key = key_of(*client);
        PG_RETURN_POINTER(key);
    }
    Datum* keys = keys_of(query.bytes(), count);
    if (*count == 0) // every clock is after or equal to the empty one
        *reinterpret_cast<int32*>(PG_GETARG_POINTER(6)) = GIN_SEARCH_MODE_ALL;
    PG_RETURN_POINTER(keys);
}

SYNCKIT_FUNCTION(vclock_gin_consistent)
{
    auto* check = reinterpret_cast<bool*>(PG_GETARG_POINTER(0));
    auto count = static_cast<size_t>(PG_GETARG_INT32(3));
    auto* recheck = reinterpret_cast<bool*>(PG_GETARG_POINTER(5));
    *recheck = PG_GETARG_UINT16(1) != has_strategy;
    PG_RETURN_BOOL(std::all_of(check, check + count, [](bool found) { return found; }));
}

SYNCKIT_FUNCTION(vclock_gin_triconsistent)
{
    auto* check = reinterpret_cast<GinTernaryValue*>(PG_GETARG_POINTER(0));
    auto count = static_cast<size_t>(PG_GETARG_INT32(3));
    if (PG_GETARG_UINT16(1) == has_strategy)
        PG_RETURN_GIN_TERNARY_VALUE(check[0]);
    bool none_missing = std::none_of(check, check + count,
                                     [](GinTernaryValue found) { return found == GIN_FALSE; });
    PG_RETURN_GIN_TERNARY_VALUE(none_missing ? GIN_MAYBE : GIN_FALSE);
}
