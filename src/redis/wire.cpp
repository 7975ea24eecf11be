#include "redis/wire.hpp"

#include "base/error.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {

void RedisWire::open()
{
    protocol_.reset();
    tls_.reset();
}

void RedisWire::open(const TlsOptions& options, const std::string& host)
{
    protocol_.reset();
    tls_.emplace(options, host);
}

std::string_view RedisWire::output()
{
    if (!tls_)
        return protocol_.output();
    while (const size_t taken = tls_->write(protocol_.output()))
        protocol_.consume_output(taken);
    return tls_->output();
}

void RedisWire::consume_output(size_t n)
{
    if (tls_)
        tls_->consume_output(n);
    else
        protocol_.consume_output(n);
}

void RedisWire::feed(const char* bytes, size_t n)
{
    if (!tls_) {
        protocol_.feed(bytes, n);
        return;
    }
    std::string_view wire(bytes, n);
    char plain[16 * 1024];
    for (;;) {
        const size_t fed = tls_->feed(wire);
        wire.remove_prefix(fed);
        size_t got;
        while ((got = tls_->read(plain, sizeof plain)) > 0)
            protocol_.feed(plain, got);
        if (wire.empty() || tls_->ended())
            return;
        if (fed == 0)
            throw Error(sqlstate::protocol_violation, "TLS with Redis failed",
                        "The server sends, but does not take what it asks for.");
    }
}

} // namespace synckit
