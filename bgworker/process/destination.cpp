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
    Channels channels{};
    size_t end = destination.find(' ');
    std::string_view addresses = destination.substr(0, end);
    for (uint64& hash : channels.addresses) {
        if (addresses.empty())
            break;
        std::string_view address = addresses.substr(0, addresses.find(','));
        addresses.remove_prefix(Min(address.size() + 1, addresses.size()));
        hash = hash_bytes_extended(reinterpret_cast<const unsigned char*>(address.data()),
                                   static_cast<int>(address.size()), 0);
        hash = Max(hash, uint64{1});
    }
    strlcpy(channels.prefix, destination.data() + end + 1, sizeof channels.prefix);
    return channels;
}

/* Whether a channel with the first prefix can have the name of one with the other, which is as long
 * or longer. Behind "doc:" and "awareness:" stands a document's id, which is any text; a prefix
 * that adds anything else makes other names. */
bool takes_in(std::string_view prefix, std::string_view other)
{
    if (!other.starts_with(prefix))
        return false;
    std::string_view rest = other.substr(prefix.size());
    return rest.empty() || rest.starts_with("doc:") || rest.starts_with("awareness:");
}

/* Whether channels of both meet at an address of both. */
bool overlap(const Channels& a, const Channels& b)
{
    if (!takes_in(a.prefix, b.prefix) && !takes_in(b.prefix, a.prefix))
        return false;
    return std::ranges::any_of(a.addresses, [&b](uint64 address) {
        return address != 0 && std::ranges::find(b.addresses, address) != std::end(b.addresses);
    });
}

char* copy(const std::string& text, ContextMemory& memory)
{
    auto* to = static_cast<char*>(memory.allocate(text.size() + 1));
    std::memcpy(to, text.c_str(), text.size() + 1);
    return to;
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
        destination = copy(text, memory);
    });
    return destination;
}

char* configured_address()
{
    char* address = nullptr;
    ContextMemory memory(CurrentMemoryContext);
    run_pure([&] { address = copy(parse_redis_url(settings::redis_url).display(), memory); });
    return address;
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
            /* One that is refused itself, by a third, is in nobody's way. */
            bool contends = state_of(other) != WorkerState::refused;
            if (other.holds_destination || (contends && is_before(other, database, slot, own))) {
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
