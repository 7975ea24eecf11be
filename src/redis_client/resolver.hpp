#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <netdb.h>

#include "redis/url.hpp"

namespace synckit {

struct FreeAddresses {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

struct HostAddresses {
    std::unique_ptr<addrinfo, FreeAddresses> addresses; // null: there are none
    std::string error;                                  // why
};

/*
 * The addresses of a host as the system's resolver (getaddrinfo) knows them, or none at the
 * deadline: it may wait for name servers for longer, and then does so in a thread of its own.
 */
HostAddresses find_host(const RedisHost& host, std::chrono::steady_clock::time_point deadline);

} // namespace synckit
