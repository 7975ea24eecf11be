#include "bgworker/redis_link.hpp"

#include <ares.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bgworker/worker.hpp"

extern "C" {
#include "pgstat.h"
#include "storage/fd.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

#include "redis/handshake.hpp"
#include "redis/printable.hpp"
#include "redis/sqlstates.hpp"

namespace synckit {

namespace {

/* How long Redis may be silent while an answer is due. */
constexpr long redis_timeout_ms = 5000;

#if PG_VERSION_NUM >= 170000
WaitEventSet* create_events(int count)
{
    return CreateWaitEventSet(nullptr, count);
}
#else
WaitEventSet* create_events(int count)
{
    return CreateWaitEventSet(TopMemoryContext, count);
}
#endif

/*
 * The first line of the file; null, or what is wrong. Only a regular file: opening a FIFO would
 * wait for somebody to write to it.
 */
const char* read_password(const char* path, char* to, size_t size)
{
    int file = OpenTransientFile(path, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        return strerror(errno);
    struct stat kind;
    ssize_t length = -1;
    const char* wrong = nullptr;
    if (fstat(file, &kind) != 0 || (length = ::read(file, to, size)) < 0)
        wrong = strerror(errno);
    else if (!S_ISREG(kind.st_mode))
        wrong = "it is no regular file";
    else if (static_cast<size_t>(length) == size)
        wrong = "it is too long";
    CloseTransientFile(file);
    if (wrong)
        return wrong;
    to[length] = '\0';
    to[strcspn(to, "\r\n")] = '\0';
    return to[0] ? nullptr : "it is empty";
}

/* What c-ares found for a name. */
struct Resolution {
    bool done = false;
    int status = ARES_SUCCESS;
    ares_addrinfo* found = nullptr;
};

extern "C" void take_addresses(void* resolution, int status, int, ares_addrinfo* found)
{
    *static_cast<Resolution*>(resolution) = {true, status, found};
}

} // namespace

RedisLink* RedisLink::create()
{
    RedisLink* link = nullptr;
    run_pure([&] {
        link = new RedisLink();
        link->protocol_ = new RedisProtocol(size_t{1} << 20); // replies to PUBLISH are short
    });
    return link;
}

bool RedisLink::fail(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error_, sizeof error_, format, arguments);
    va_end(arguments);
    close();
    return false;
}

void RedisLink::close()
{
    if (events_)
        FreeWaitEventSet(events_);
    if (socket_ != PGINVALID_SOCKET) {
        ::close(socket_);
        ReleaseExternalFD();
    }
    events_ = nullptr;
    socket_ = PGINVALID_SOCKET;
    connected_ = false;
    run_pure([&] { protocol_->reset(); });
}

bool RedisLink::connect(const char* url_text, const char* password_file)
{
    close();
    if (url_text_)
        pfree(url_text_);
    url_text_ = MemoryContextStrdup(TopMemoryContext, url_text);
    CaughtError caught;
    if (!try_pure(caught, [&] {
            url_ = parse_redis_url(url_text);
            strlcpy(address_, url_.display().c_str(), sizeof address_);
        }))
        return fail("%s", caught.message);
    if (url_.tls)
        return fail("rediss:// is not supported yet");
    if (password_file[0]) {
        char password[1024];
        if (const char* wrong = read_password(password_file, password, sizeof password))
            return fail("could not read synckit.redis_password_file: %s", wrong);
        bool taken = try_pure(caught, [&] { url_.password = password; });
        explicit_bzero(password, sizeof password);
        if (!taken)
            return fail("%s", caught.message);
    }
    if (!open_socket() || !hand_shake())
        return false;
    connected_ = true;
    return true;
}

bool RedisLink::open_socket()
{
    if (!url_.is_unix())
        return resolve_and_connect();
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (url_.unix_path.size() >= sizeof address.sun_path)
        return fail("the path of the unix socket is too long");
    strlcpy(address.sun_path, url_.unix_path.c_str(), sizeof address.sun_path);
    return connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address, AF_UNIX);
}

bool RedisLink::connect_to(const sockaddr* address, socklen_t size, int family)
{
    if (!AcquireExternalFD())
        return fail("too many open files");
    socket_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ == PGINVALID_SOCKET) {
        ReleaseExternalFD();
        return fail("could not create a socket: %s", strerror(errno));
    }
    int on = 1;
    if (!pg_set_noblock(socket_))
        return fail("could not set the socket to non-blocking mode: %s", strerror(errno));
    if (family != AF_UNIX) {
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    events_ = create_events(3);
    AddWaitEventToSet(events_, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
    AddWaitEventToSet(events_, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
    AddWaitEventToSet(events_, WL_SOCKET_READABLE, socket_, nullptr, nullptr);

    if (::connect(socket_, address, size) == 0)
        return true;
    if (errno != EINPROGRESS && errno != EAGAIN)
        return fail("could not connect: %s", strerror(errno));
    if (!wait(WL_SOCKET_WRITEABLE))
        return false;
    int failure = 0;
    socklen_t length = sizeof failure;
    if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &length) < 0 || failure != 0)
        return fail("could not connect: %s", strerror(failure ? failure : errno));
    return true;
}

/* Tries each address that the name has until one answers. */
bool RedisLink::resolve_and_connect()
{
    ares_channel channel;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS || ares_init(&channel) != ARES_SUCCESS)
        return fail("could not start the resolver");
    Resolution resolution;
    char service[8];
    snprintf(service, sizeof service, "%u", url_.port);
    ares_addrinfo_hints hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NUMERICSERV;
    ares_getaddrinfo(channel, url_.host.c_str(), service, &hints, take_addresses, &resolution);

    TimestampTz deadline = GetCurrentTimestamp() + redis_timeout_ms * 1000;
    while (!resolution.done && GetCurrentTimestamp() < deadline) {
        /* One of its sockets at a time, and briefly: c-ares finds out by itself which of them has
         * something. */
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        int mask = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
        constexpr long look_ms = 20;
        if (ARES_GETSOCK_READABLE(mask, 0) || ARES_GETSOCK_WRITABLE(mask, 0))
            WaitLatchOrSocket(MyLatch,
                              WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH |
                                  (ARES_GETSOCK_READABLE(mask, 0) ? WL_SOCKET_READABLE : 0) |
                                  (ARES_GETSOCK_WRITABLE(mask, 0) ? WL_SOCKET_WRITEABLE : 0),
                              sockets[0], look_ms, PG_WAIT_EXTENSION);
        for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i)
            ares_process_fd(channel, ARES_GETSOCK_READABLE(mask, i) ? sockets[i] : ARES_SOCKET_BAD,
                            ARES_GETSOCK_WRITABLE(mask, i) ? sockets[i] : ARES_SOCKET_BAD);
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // its own time-outs
        ResetLatch(MyLatch);
        serve_interrupts();
    }
    if (!resolution.done)
        ares_cancel(channel);
    bool reached = false;
    if (resolution.status != ARES_SUCCESS || !resolution.found)
        fail("could not resolve the host name: %s", ares_strerror(resolution.status));
    else
        for (ares_addrinfo_node* node = resolution.found->nodes; node && !reached;
             node = node->ai_next)
            reached = connect_to(node->ai_addr, node->ai_addrlen, node->ai_family);
    if (resolution.found)
        ares_freeaddrinfo(resolution.found);
    ares_destroy(channel);
    return reached;
}

template <class Check>
bool RedisLink::converse(size_t replies, Check check)
{
    while (replies > 0) {
        if (!send_some() || !receive_some())
            return false;
        CaughtError caught;
        bool progress = false;
        bool good = try_pure(caught, [&] {
            while (replies > 0) {
                auto reply = protocol_->next_reply();
                if (!reply)
                    break;
                check(*reply, replies);
                --replies;
                progress = true;
            }
        });
        if (!good)
            return fail(caught.detail[0] ? "%s: %s" : "%s%s", caught.message, caught.detail);
        bool all_sent = protocol_->output().empty();
        if (!progress &&
            !wait(all_sent ? WL_SOCKET_READABLE : WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE))
            return false;
    }
    return true;
}

bool RedisLink::hand_shake()
{
    CaughtError caught;
    size_t replies = 0;
    if (!try_pure(caught, [&] { replies = append_handshake(*protocol_, url_); }))
        return fail("%s", caught.message);
    return converse(replies, [this](const RedisReply& reply, size_t left) {
        check_handshake_reply(reply, url_, left);
    });
}

bool RedisLink::exchange(size_t replies)
{
    return converse(replies, [](const RedisReply& reply, size_t) {
        if (reply.is_error())
            throw Error(sqlstate::connection_rejected, "Redis refused a command",
                        printable(reply.text()));
        if (reply.kind() != RedisReply::Kind::integer)
            throw Error(sqlstate::protocol_violation,
                        "Redis answered something else than was asked");
    });
}

/* Nothing is due, so all that there could be to read is the end of the connection. */
bool RedisLink::check()
{
    char byte;
    ssize_t received = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return true;
    if (received < 0)
        return fail("lost the connection: %s", strerror(errno));
    return fail(received == 0 ? "Redis closed the connection"
                              : "Redis answered what was not asked");
}

bool RedisLink::send_some()
{
    for (;;) {
        std::string_view output = protocol_->output();
        if (output.empty())
            return true;
        ssize_t sent = ::send(socket_, output.data(), output.size(), MSG_NOSIGNAL);
        if (sent >= 0)
            protocol_->consume_output(static_cast<size_t>(sent));
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return true;
        else if (errno != EINTR)
            return fail("lost the connection: %s", strerror(errno));
    }
}

bool RedisLink::receive_some()
{
    char buffer[16 * 1024];
    for (;;) {
        ssize_t received = ::recv(socket_, buffer, sizeof buffer, 0);
        if (received == 0)
            return fail("Redis closed the connection");
        if (received < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return true;
            if (errno == EINTR)
                continue;
            return fail("lost the connection: %s", strerror(errno));
        }
        CaughtError caught;
        if (!try_pure(caught, [&] { protocol_->feed(buffer, static_cast<size_t>(received)); }))
            return fail("%s", caught.message);
        if (static_cast<size_t>(received) < sizeof buffer)
            return true;
    }
}

bool RedisLink::wait(uint32 events)
{
    constexpr int socket_position = 2; // as added in connect_to()
    ModifyWaitEvent(events_, socket_position, events, nullptr);
    TimestampTz deadline = GetCurrentTimestamp() + redis_timeout_ms * 1000;
    for (;;) {
        long left = static_cast<long>((deadline - GetCurrentTimestamp()) / 1000);
        if (left <= 0)
            return fail("no answer within %ld ms", redis_timeout_ms);
        WaitEvent event;
        int count = WaitEventSetWait(events_, Min(left, tick_ms), &event, 1, PG_WAIT_EXTENSION);
        if (count > 0 && (event.events & (WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE)))
            return true;
        ResetLatch(MyLatch);
        serve_interrupts();
    }
}

} // namespace synckit
