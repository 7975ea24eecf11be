#include "bgworker/process/destination.hpp"

#include <algorithm>
#include <set>

#include "postgres/bridge.hpp"
#include "postgres/settings.hpp"
#include "redis/url.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace synckit {

namespace {

/* Which of two claims is the earlier; a database copied with its claim comes after the original. */
bool is_before(const DatabaseSlot& a, Oid a_database, const DatabaseSlot& b, Oid b_database)
{
    if (a.destination_since != b.destination_since)
        return a.destination_since < b.destination_since;
    return a_database < b_database;
}

Channels channels_of(std::string_view destination)
{
    auto hash = [](std::string_view text, uint64 seed) {
        return hash_bytes_extended(reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()), seed);
    };
    Channels channels;
    size_t end = destination.find(' ');
    uint64 prefix = hash(destination.substr(end), 0);
    std::string_view addresses = destination.substr(0, end);
    for (uint64& channel : channels.hashes) {
        if (addresses.empty())
            break;
        std::string_view address = addresses.substr(0, addresses.find(','));
        addresses.remove_prefix(Min(address.size() + 1, addresses.size()));
        channel = Max(hash(address, prefix), uint64{1});
    }
    return channels;
}

/* Whether the same prefix meets at an address of both. */
bool overlap(const Channels& a, const Channels& b)
{
    return std::ranges::any_of(a.hashes, [&b](uint64 hash) {
        return hash != 0 && std::ranges::find(b.hashes, hash) != std::end(b.hashes);
    });
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
    Channels channels = channels_of(destination);
    LWLockAcquire(shared_lock(), LW_EXCLUSIVE);
    if (slot.channels != channels) {
        slot.channels = channels;
        slot.destination_since = since;
        slot.holds_destination = false;
    }
    Claim claim = Claim::held;
    if (!slot.holds_destination && pg_atomic_read_u32(&shared_state()->all_looked_into) == 0)
        claim = Claim::early;
    if (!slot.holds_destination && claim == Claim::held) {
        for (DatabaseSlot& other : shared_state()->slots) {
            auto database = static_cast<Oid>(pg_atomic_read_u32(&other.database));
            if (&other == &slot || !OidIsValid(database) || !overlap(other.channels, slot.channels))
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
    slot.channels = {};
    slot.holds_destination = false;
    LWLockRelease(shared_lock());
}

} // namespace synckit
