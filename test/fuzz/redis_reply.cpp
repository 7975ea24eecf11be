/*
 * Any bytes as what a Redis server sends: replies do not depend on the pieces in which they come,
 * and mean the same when they are sent again.
 *
 * The input: a number of pieces and a length less one for each, which are used in turn; then what
 * the server sends.
 */
#include "fuzz.hpp"

#include "redis/protocol.hpp"

using namespace synckit;
using namespace synckit::fuzz;

namespace {

struct Received {
    std::vector<RedisReply> replies;
    bool failed = false;

    bool operator==(const Received&) const = default;
};

Received receive(Bytes bytes, std::span<const uint8_t> pieces, size_t most)
{
    RedisProtocol protocol(most);
    Received received;
    Input input(bytes.data(), bytes.size());
    received.failed = !accepts({"08P01"}, [&] {
        for (size_t i = 0; !input.done(); ++i) {
            std::vector<uint8_t> piece =
                pieces.empty() ? input.rest() : input.bytes(size_t{1} + pieces[i % pieces.size()]);
            protocol.feed(reinterpret_cast<const char*>(piece.data()), piece.size());
            while (auto reply = protocol.next_reply())
                received.replies.push_back(std::move(*reply));
        }
    });
    return received;
}

void send(const RedisReply& reply, std::string& to)
{
    using Kind = RedisReply::Kind;
    constexpr std::string_view end = "\r\n";
    switch (reply.kind()) {
    case Kind::status:
        to.append("+").append(reply.text()).append(end);
        break;
    case Kind::error:
        to.append("-").append(reply.text()).append(end);
        break;
    case Kind::integer:
        to.append(":").append(std::to_string(reply.integer())).append(end);
        break;
    case Kind::nil:
        to.append("$-1").append(end);
        break;
    case Kind::string:
        to.append("$").append(std::to_string(reply.text().size())).append(end);
        to.append(reply.text()).append(end);
        break;
    case Kind::array:
        to.append("*").append(std::to_string(reply.elements().size())).append(end);
        for (const RedisReply& element : reply.elements())
            send(element, to);
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Input input(data, size);
    std::vector<uint8_t> pieces = input.bytes(input.byte());
    std::vector<uint8_t> bytes = input.rest();
    Received whole = receive(bytes, {}, RedisProtocol::default_max_reply_bytes);
    require(receive(bytes, pieces, RedisProtocol::default_max_reply_bytes) == whole,
            "the replies do not depend on the pieces");

    constexpr size_t bound = 64;
    Received bounded = receive(bytes, pieces, bound);
    require(bounded.replies.size() <= whole.replies.size() &&
                std::ranges::equal(bounded.replies,
                                   std::span(whole.replies).first(bounded.replies.size())),
            "a bound on their size drops replies and changes none");
    require(bounded.failed || bounded == whole, "what drops replies is an error");

    for (const RedisReply& reply : bounded.replies) {
        std::string sent;
        send(reply, sent);
        require(sent.size() <= bound, "no larger reply passes");
    }

    std::string sent;
    for (const RedisReply& reply : whole.replies)
        send(reply, sent);
    Received again = receive(as_bytes(sent), pieces, RedisProtocol::default_max_reply_bytes);
    require(!again.failed && again.replies == whole.replies, "replies go round");
    return 0;
}
