#include "bgworker/redis/resolver.hpp"

#include <ares.h>
#include <netdb.h>

#include "bgworker/process/wait.hpp"

namespace synckit {

namespace {

/* So long one name server may be silent before the next is asked. */
constexpr int name_server_timeout_ms = 1500;
constexpr int name_server_tries = 2;

/* What c-ares found for a name. */
struct Resolution {
    bool done = false;
    int status = ARES_ETIMEOUT;
    ares_addrinfo* found = nullptr;
};

extern "C" void take_addresses(void* resolution, int status, int, ares_addrinfo* found)
{
    *static_cast<Resolution*>(resolution) = {true, status, found};
}

/* Waits until one of its sockets has something or its next time-out comes; lets it go on. */
void process(ares_channel channel, long most_ms)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    int mask = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    timeval most = {most_ms / 1000, static_cast<suseconds_t>(most_ms % 1000 * 1000)}, until;
    ares_timeout(channel, &most, &until);

    WaitEventSet* set = create_wait_set(ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        uint32 events = (ARES_GETSOCK_READABLE(mask, i) ? WL_SOCKET_READABLE : 0) |
                        (ARES_GETSOCK_WRITABLE(mask, i) ? WL_SOCKET_WRITEABLE : 0);
        if (events)
            AddWaitEventToSet(set, events, sockets[i], nullptr, nullptr);
    }
    wait_for_sockets(set, until.tv_sec * 1000 + until.tv_usec / 1000 + 1);
    FreeWaitEventSet(set);

    /* Nothing blocks: it is harmless to look at one that has nothing. */
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        bool reads = ARES_GETSOCK_READABLE(mask, i), writes = ARES_GETSOCK_WRITABLE(mask, i);
        if (reads || writes)
            ares_process_fd(channel, reads ? sockets[i] : ARES_SOCKET_BAD,
                            writes ? sockets[i] : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // its time-outs
}

/* A numeric address, of which c-ares knows neither zones (fe80::1%eth0) nor short forms (127.1).
 * Asks nobody. */
bool take_number(const char* host, const char* service, SocketAddresses& to)
{
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return false;
    std::memcpy(&to.list[0].bytes, found->ai_addr, found->ai_addrlen);
    to.list[0].size = found->ai_addrlen;
    to.count = 1;
    freeaddrinfo(found);
    return true;
}

void take(const ares_addrinfo& found, SocketAddresses& to)
{
    to.count = 0;
    for (const ares_addrinfo_node* node = found.nodes; node && to.count < SocketAddresses::most;
         node = node->ai_next) {
        SocketAddress& address = to.list[to.count];
        if (node->ai_addrlen > sizeof address.bytes)
            continue;
        std::memcpy(&address.bytes, node->ai_addr, node->ai_addrlen);
        address.size = node->ai_addrlen;
        ++to.count;
    }
}

} // namespace

const char* resolve(const char* host, uint16 port, TimestampTz deadline, SocketAddresses& to)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    if (take_number(host, service, to))
        return nullptr;
    static bool initialized = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    ares_options options = {};
    options.timeout = name_server_timeout_ms;
    options.tries = name_server_tries;
    ares_channel channel;
    if (!initialized ||
        ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
        return "the resolver does not start";
    ares_addrinfo_hints hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NUMERICSERV;
    Resolution resolution;
    ares_getaddrinfo(channel, host, service, &hints, take_addresses, &resolution);
    for (long left; !resolution.done && (left = ms_until(deadline)) > 0;)
        process(channel, left);
    bool in_time = resolution.done;
    ares_destroy(channel); // which calls take_addresses() if it has not been
    to.count = 0;
    if (resolution.found) {
        take(*resolution.found, to);
        ares_freeaddrinfo(resolution.found);
    }
    if (to.count > 0)
        return nullptr;
    return !in_time                            ? "no name server answers"
           : resolution.status == ARES_SUCCESS ? "it has no address"
                                               : ares_strerror(resolution.status);
}

} // namespace synckit
