#include "bgworker/destination.hpp"

#include "postgres/bridge.hpp"
#include "postgres/settings.hpp"
#include "redis/url.hpp"

namespace synckit {

namespace {

/* Which of two claims is the earlier; a database copied with its claim comes after the original. */
bool is_before(const DatabaseSlot& a, Oid a_database, const DatabaseSlot& b, Oid b_database)
{
    if (a.destination_since != b.destination_since)
        return a.destination_since < b.destination_since;
    return a_database < b_database;
}

} // namespace

char* configured_destination()
{
    char* destination = nullptr;
    ContextMemory memory(CurrentMemoryContext);
    run_pure([&] {
        RedisUrl url = parse_redis_url(settings::redis_url);
        url.user.clear();
        url.password.reset();
        url.database = 0;
        std::pmr::string text(url.display(), &memory);
        text += ' ';
        text += settings::channel_prefix;
        auto* copy = static_cast<char*>(memory.allocate(text.size() + 1));
        std::memcpy(copy, text.c_str(), text.size() + 1);
        destination = copy;
    });
    return destination;
}

Claim claim_destination(DatabaseSlot& slot, const char* destination, TimestampTz since, Oid& by)
{
    auto own = static_cast<Oid>(pg_atomic_read_u32(&slot.database));
    LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
    if (std::strncmp(slot.destination, destination, sizeof slot.destination - 1) != 0) {
        strlcpy(slot.destination, destination, sizeof slot.destination);
        slot.destination_since = since;
        slot.holds_destination = false;
    }
    Claim claim = Claim::held;
    if (!slot.holds_destination && pg_atomic_read_u32(&shared_state()->all_looked_into) == 0)
        claim = Claim::early;
    if (!slot.holds_destination && claim == Claim::held) {
        for (DatabaseSlot& other : shared_state()->slots) {
            auto database = static_cast<Oid>(pg_atomic_read_u32(&other.database));
            if (&other == &slot || !OidIsValid(database) ||
                std::strcmp(other.destination, slot.destination) != 0)
                continue;
            if (other.holds_destination || is_before(other, database, slot, own)) {
                claim = Claim::taken;
                by = database;
            }
        }
        slot.holds_destination = claim == Claim::held;
    }
    LWLockRelease(shared_lock());
    return claim;
}

void release_destination(DatabaseSlot& slot)
{
    LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
    slot.destination[0] = '\0';
    slot.holds_destination = false;
    LWLockRelease(shared_lock());
}

} // namespace synckit
