#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

typedef struct bio_st BIO;
typedef struct ssl_st SSL;

namespace synckit {

/* What a connection by TLS goes by: paths of PEM files, empty where there is none. */
struct TlsOptions {
    std::string ca_file = {};   // the authorities that are trusted; empty: the system's
    std::string cert_file = {}; // our own certificate, with what chain it needs ...
    std::string key_file = {};  // ... and its key, without a passphrase
    bool insecure = false;      // neither certificate nor host name is verified: for tests

    bool operator==(const TlsOptions&) const = default;
};

/*
 * The client's side of one TLS connection (OpenSSL, TLS 1.2 or later) without I/O: plain bytes in,
 * wire bytes out, and back. Buffers are bounded, so both directions may take less than they are
 * given.
 *
 * The server's certificate must come from a trusted authority and name the host: its DNS name, or
 * its address where the host is one. Errors are synckit::Error (08001 in the handshake, 08006 after
 * it; those of private_file.hpp for a file), with a hint that names the option to change. Sets
 * nothing that OpenSSL shares among connections; files are read anew for each.
 */
class TlsSession {
  public:
    TlsSession(const TlsOptions& options, const std::string& host);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    /* Takes plain bytes to be sent, as many as fit; none until the handshake is done. */
    size_t write(std::string_view plain);
    /* Plain bytes that have arrived; 0 if there are none now. */
    size_t read(char* to, size_t size);
    /* The server has said that nothing more comes. */
    bool ended() const noexcept { return ended_; }

    /* What is to go to the socket; consume() what has gone. */
    std::string_view output();
    void consume_output(size_t n);
    /* Takes what has come from the socket, as many bytes as fit. */
    size_t feed(std::string_view wire);

  private:
    struct Free {
        void operator()(SSL*) const noexcept;
        void operator()(BIO*) const noexcept;
    };

    /* After a call that did not succeed: throws unless it only waits for the other side. */
    void settle(int result);

    TlsOptions options_;
    std::unique_ptr<SSL, Free> ssl_;
    std::unique_ptr<BIO, Free> wire_; // the other end of the pair that ssl_ reads and writes
    bool ended_ = false;
};

} // namespace synckit
