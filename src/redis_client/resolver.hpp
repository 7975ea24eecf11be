#pragma once

#include <chrono>
#include <functional>
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

using LookUp = std::function<HostAddresses(const RedisHost&)>;

/* Asks the system's resolver (getaddrinfo). */
HostAddresses look_up(const RedisHost& host);

/*
 * The addresses of a host, or none at the deadline: the resolver may wait for name servers for
 * longer, and then does so in a thread of its own.
 */
HostAddresses find_host(const RedisHost& host, std::chrono::steady_clock::time_point deadline,
                        LookUp resolver = look_up);

} // namespace synckit
