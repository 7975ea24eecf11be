#pragma once

#include <sys/socket.h>

#include "postgres/postgres.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace synckit {

struct SocketAddress {
    sockaddr_storage bytes;
    socklen_t size;
};

struct SocketAddresses {
    static constexpr int most = 16;
    SocketAddress list[most];
    int count = 0;
};

/*
 * The addresses of a host name or numeric address, by c-ares, which reads /etc/hosts and
 * /etc/resolv.conf as the system's resolver does. Serves interrupts meanwhile. Null, or what went
 * wrong.
 */
const char* resolve(const char* host, uint16 port, TimestampTz deadline, SocketAddresses&);

} // namespace synckit
