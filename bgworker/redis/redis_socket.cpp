#include "bgworker/redis/redis_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

extern "C" {
#include "storage/fd.h"
}

#include "base/utf8.hpp"

namespace synckit {

void RedisFailure::set(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_list(format, arguments);
    va_end(arguments);
}

void RedisFailure::set_list(const char* format, va_list arguments)
{
    char whole[2 * sizeof message];
    vsnprintf(whole, sizeof whole, format, arguments);
    std::string_view text = utf8_prefix(whole, sizeof message - 1);
    std::memcpy(message, text.data(), text.size());
    message[text.size()] = '\0';
    hint[0] = '\0';
}

bool RedisSocket::fail(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    failure_.set_list(format, arguments);
    va_end(arguments);
    failure_.reached = reached_;
    close();
    return false;
}

bool RedisSocket::fail(const CaughtError& caught)
{
    fail(caught.detail[0] ? "%s: %s" : "%s%s", caught.message, caught.detail);
    failure_.set_hint(caught.hint);
    return false;
}

void RedisSocket::close()
{
    if (socket_ == PGINVALID_SOCKET)
        return;
    ::close(socket_);
    ReleaseExternalFD();
    socket_ = PGINVALID_SOCKET;
}

bool RedisSocket::find(const RedisUrl& url, const RedisHost& host, SocketAddresses& to)
{
    close();
    reached_ = false;
    if (url.is_unix()) {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        strlcpy(address.sun_path, url.unix_path.c_str(), sizeof address.sun_path);
        std::memcpy(&to.list[0].bytes, &address, sizeof address);
        to.list[0].size = sizeof address;
        to.count = 1;
        return true;
    }
    const char* wrong = resolve(host.name.c_str(), host.port, in_ms(redis_timeout_ms), to);
    return !wrong || fail("could not resolve the host name: %s", wrong);
}

bool RedisSocket::open(const RedisUrl& url, const TlsOptions& tls, const RedisHost& host,
                       const SocketAddress& to)
{
    auto* address = reinterpret_cast<const sockaddr*>(&to.bytes);
    close();
    reached_ = false;
    if (!pure([&] {
            if (url.tls)
                wire_.open(tls, host.name);
            else
                wire_.open();
        }))
        return false;
    if (!AcquireExternalFD())
        return fail("too many open files");
    sends_ = true;
    blocked_ = false;
    socket_ = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ == PGINVALID_SOCKET) {
        ReleaseExternalFD();
        return fail("could not create a socket: %s", strerror(errno));
    }
    if (!pg_set_noblock(socket_))
        return fail("could not set the socket to non-blocking mode: %s", strerror(errno));
    if (address->sa_family != AF_UNIX) {
        int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (::connect(socket_, address, to.size) != 0) {
        if (errno != EINPROGRESS)
            return fail("could not connect: %s", strerror(errno));
        if (!wait(WL_SOCKET_WRITEABLE, in_ms(redis_timeout_ms)))
            return false;
        int failure = 0;
        socklen_t length = sizeof failure;
        if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &length) < 0 || failure != 0)
            return fail("could not connect: %s", strerror(failure ? failure : errno));
    }
    reached_ = true;
    return true;
}

bool RedisSocket::introduce(const RedisUrl& url)
{
    if (!pure([&] { handshake_ = std::make_unique<RedisHandshake>(wire_.protocol(), url); }))
        return false;
    bool welcome = converse([this](const RedisReply& reply) {
        handshake_->take(reply);
        return handshake_->done();
    });
    server_ = handshake_->server();
    handshake_.reset();
    if (!welcome && !failure_.hint[0])
        failure_.set_hint("Is there a Redis server at this address, and does it expect TLS "
                          "(rediss://) or not?");
    return welcome;
}

bool RedisSocket::send_some()
{
    blocked_ = false;
    while (sends_) {
        std::string_view output;
        if (!pure([&] { output = wire_.output(); }))
            return false;
        if (output.empty())
            return true;
        ssize_t sent = ::send(socket_, output.data(), output.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            has_sent_ = true;
            if (!pure([&] { wire_.consume_output(static_cast<size_t>(sent)); }))
                return false;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            blocked_ = true;
            return true;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            sends_ = false; // why it is so, the server may have said before
        } else if (errno != EINTR) {
            return fail("lost the connection: %s", strerror(errno));
        }
    }
    return true;
}

bool RedisSocket::receive_some()
{
    if (wire_.ended())
        return fail("Redis closed the connection");
    char buffer[16 * 1024];
    for (bool any = false;;) {
        ssize_t received = ::recv(socket_, buffer, sizeof buffer, 0);
        bool ends = received == 0 ||
                    (received < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK);
        if (ends && any)
            return true; // first what came before the end; which shows again
        if (received == 0 || (ends && !sends_))
            return fail("Redis closed the connection");
        if (ends)
            return fail("lost the connection: %s", strerror(errno));
        if (received < 0) {
            if (errno == EINTR)
                continue;
            return true;
        }
        if (!pure([&] { wire_.feed(buffer, static_cast<size_t>(received)); }))
            return false;
        any = true;
        if (static_cast<size_t>(received) < sizeof buffer)
            return true;
    }
}

bool RedisSocket::wait(uint32 events, TimestampTz deadline)
{
    WaitEventSet* set = create_wait_set(1);
    AddWaitEventToSet(set, events, socket_, nullptr, nullptr);
    bool ready = false;
    for (long left; !ready && (left = ms_until(deadline)) > 0;)
        ready = wait_for_sockets(set, left);
    FreeWaitEventSet(set);
    return ready || fail("no answer within %ld ms", redis_timeout_ms);
}

} // namespace synckit
