#include "redis_client/resolver.hpp"

#include <future>
#include <thread>

namespace synckit {

HostAddresses look_up(const RedisHost& host)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error =
        getaddrinfo(host.name.c_str(), std::to_string(host.port).c_str(), &hints, &found);
    HostAddresses result;
    if (error == 0)
        result.addresses.reset(found);
    else
        result.error = gai_strerror(error);
    return result;
}

HostAddresses find_host(const RedisHost& host, std::chrono::steady_clock::time_point deadline,
                        LookUp resolver)
{
    std::promise<HostAddresses> promise;
    auto future = promise.get_future();
    // Nobody can call it back: it keeps all that it needs, and ends when it ends.
    std::thread([host, resolver = std::move(resolver), promise = std::move(promise)]() mutable {
        promise.set_value(resolver(host));
    }).detach();
    if (future.wait_until(deadline) == std::future_status::timeout)
        return {nullptr, "No name server answers"};
    return future.get();
}

} // namespace synckit
