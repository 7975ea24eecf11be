#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "redis/protocol.hpp"
#include "redis/url.hpp"

/*
 * Who serves what: the primary that Sentinels know
 * (https://redis.io/docs/latest/develop/reference/sentinel-clients/), and the hash slots of a Redis
 * Cluster (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
 *
 * Errors are synckit::Error: 08001 where nobody serves, 08P01 where the reply is not one.
 */
namespace synckit {

/* Asks a Sentinel for the primary of this name. */
void append_primary_query(RedisProtocol&, std::string_view name);
RedisHost parse_primary(const RedisReply&);

inline constexpr uint16_t slot_count = 16384;

/* The slot of a channel: CRC16 (XMODEM) of it, or of what stands in its first braces. */
uint16_t slot_of(std::string_view channel) noexcept;

/* What an error MOVED says: "MOVED 3999 127.0.0.1:6381". */
struct MovedSlot {
    uint16_t slot;
    RedisHost to; // an empty name: that of the node which said so
};
std::optional<MovedSlot> parse_moved(std::string_view error);

/* The primaries of a cluster, and which slots each of them serves. */
class SlotMap {
  public:
    static constexpr uint16_t nobody = UINT16_MAX;

    /* What the longest list has room in: slots that lie scattered come one by one, each with its
     * primary and replicas, and each of these takes up to 400 bytes with a long host name. */
    static constexpr size_t max_reply_bytes = size_t{64} << 20;

    /* Asks for it, and lifts the bound on the connection's replies to max_reply_bytes. */
    static void append_query(RedisProtocol&);
    /* `asked` stands for a node that does not know its own name. */
    static SlotMap parse(const RedisReply&, const RedisHost& asked);

    const std::vector<RedisHost>& primaries() const noexcept { return primaries_; }
    /* An index into primaries(), or nobody. */
    uint16_t primary_of(uint16_t slot) const noexcept { return primary_of_[slot]; }
    /* The slot has moved there; returns the index of who serves it now. */
    uint16_t move(uint16_t slot, const RedisHost& to);

  private:
    uint16_t find_or_add(const RedisHost&);

    std::vector<RedisHost> primaries_;
    std::vector<uint16_t> primary_of_ = std::vector<uint16_t>(slot_count, nobody);
};

} // namespace synckit
