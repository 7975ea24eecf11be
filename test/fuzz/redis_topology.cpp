/*
 * Any replies as what nodes and Sentinels say of who serves what: only hosts that are fit for C
 * functions come of it, and every slot has a primary of the list, or none.
 *
 * The input: two slots that move, with the length less one of what is said of each; then what the
 * server sends.
 */
#include "fuzz.hpp"

#include "redis/topology.hpp"

using namespace synckit;
using namespace synckit::fuzz;

namespace {

void require_host(const RedisHost& host)
{
    require(host.port > 0, "a port is in range");
    require(std::ranges::all_of(host.name, [](char c) { return static_cast<uint8_t>(c) > ' '; }),
            "a host holds no NUL and no blank");
}

void require_sound(const SlotMap& map)
{
    for (const RedisHost& host : map.primaries())
        require_host(host);
    for (unsigned slot = 0; slot < slot_count; ++slot) {
        const uint16_t primary = map.primary_of(static_cast<uint16_t>(slot));
        require(primary == SlotMap::nobody || primary < map.primaries().size(),
                "a slot is served by one of the primaries");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Input input(data, size);
    std::vector<MovedSlot> moves;
    for (int i = 0; i < 2; ++i) {
        const std::vector<uint8_t> error = input.bytes(input.byte());
        require(slot_of(as_text(error)) < slot_count, "every channel has a slot");
        if (const auto moved = parse_moved(as_text(error))) {
            require(moved->slot < slot_count, "a slot is in range");
            require_host(moved->to);
            moves.push_back(*moved);
        }
    }

    RedisProtocol protocol;
    std::vector<RedisReply> replies;
    const std::vector<uint8_t> bytes = input.rest();
    accepts({"08P01"}, [&] {
        protocol.feed(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        while (auto reply = protocol.next_reply())
            replies.push_back(std::move(*reply));
    });
    for (const RedisReply& reply : replies) {
        accepts({"08P01", "08001", "28000"}, [&] { require_host(parse_primary(reply)); });
        accepts({"08P01", "08001", "28000"}, [&] {
            SlotMap map = SlotMap::parse(reply, {"asked", 1});
            for (const MovedSlot& moved : moves) {
                const uint16_t primary = map.move(moved.slot, moved.to);
                require(map.primary_of(moved.slot) == primary, "a slot that has moved is there");
            }
            require_sound(map);
        });
    }
    return 0;
}
