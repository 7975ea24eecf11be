#include "bgworker/destination.hpp"

#include <algorithm>
#include <set>

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

/* Whether the same prefix meets at an address of both. */
bool overlap(std::string_view a, std::string_view b)
{
    size_t a_end = a.find(' '), b_end = b.find(' ');
    if (a_end == a.npos || b_end == b.npos || a.substr(a_end) != b.substr(b_end))
        return false;
    auto next = [](std::string_view& list) {
        std::string_view address = list.substr(0, list.find(','));
        list.remove_prefix(Min(address.size() + 1, list.size()));
        return address;
    };
    for (std::string_view left = a.substr(0, a_end); !left.empty();) {
        std::string_view address = next(left);
        for (std::string_view right = b.substr(0, b_end); !right.empty();)
            if (next(right) == address)
                return true;
    }
    return false;
}

} // namespace

char* configured_destination()
{
    char* destination = nullptr;
    ContextMemory memory(CurrentMemoryContext);
    run_pure([&] {
        const RedisUrl url = parse_redis_url(settings::redis_url);
        std::set<std::string> addresses;
        for (const RedisHost& host : url.hosts) {
            RedisUrl address;
            address.hosts = {host};
            address.sentinel_name = url.sentinel_name;
            address.unix_path = url.unix_path;
            std::string& name = address.hosts[0].name;
            std::ranges::transform(name, name.begin(), pg_ascii_tolower);
            addresses.insert(address.display());
        }
        std::string text;
        for (const std::string& address : addresses)
            text += (text.empty() ? "" : ",") + address;
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
                !overlap(other.destination, slot.destination))
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
