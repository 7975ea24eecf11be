#include "redis/tls.hpp"

#include <arpa/inet.h>

#include <cstring>
#include <new>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/error.hpp"
#include "redis/printable.hpp"
#include "redis/private_file.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

constexpr size_t buffer_bytes = 64 * 1024; // each way; a record has at most 16 KiB and some

/* The reason of the oldest error in OpenSSL's queue, which is left empty. */
std::string take_reason()
{
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0)
        return "unknown reason";
    if (ERR_SYSTEM_ERROR(code))
        return std::strerror(ERR_GET_REASON(code));
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "error " + std::to_string(code);
}

/* A key with a passphrase is an error: OpenSSL would ask for it at the terminal, and wait. */
extern "C" int no_passphrase(char*, int, int, void*)
{
    return -1;
}

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

[[noreturn]] void refuse_file(const char* what, const std::string& path, const char* hint)
{
    throw Error(sqlstate::cannot_connect,
                std::string("could not use ") + what + " \"" + path + "\": " + take_reason(), {},
                hint);
}

void load_own_certificate(SSL_CTX* context, const TlsOptions& options)
{
    if (options.cert_file.empty() && options.key_file.empty())
        return;
    if (options.cert_file.empty() || options.key_file.empty())
        throw Error(sqlstate::cannot_connect, "redis_cert_file and redis_key_file need each other");
    require_regular_file(options.cert_file, "redis_cert_file");
    require_private_file(options.key_file, "redis_key_file");
    if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1)
        refuse_file("redis_cert_file", options.cert_file, "It holds PEM certificates, ours first.");
    if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        refuse_file("redis_key_file", options.key_file,
                    "It holds the PEM key of redis_cert_file, without a passphrase.");
}

Context make_context(const TlsOptions& options)
{
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_client_method()));
    if (context == nullptr)
        throw std::bad_alloc();
    SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
    if (SSL_CTX_get_min_proto_version(context.get()) < TLS1_2_VERSION)
        SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    // What is not taken is offered again, from wherever it has moved.
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    if (options.insecure) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    } else {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        if (options.ca_file.empty()) {
            SSL_CTX_set_default_verify_paths(context.get());
        } else {
            require_regular_file(options.ca_file, "redis_ca_file");
            if (SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr) != 1)
                refuse_file("redis_ca_file", options.ca_file,
                            "It holds the PEM certificates of the authorities that are trusted.");
        }
    }
    load_own_certificate(context.get(), options);
    return context;
}

bool is_address(const std::string& host)
{
    unsigned char address[sizeof(in6_addr)];
    return inet_pton(AF_INET, host.c_str(), address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), address) == 1;
}

/* Whom the server's certificate must name, and whom we ask for (SNI, which takes no addresses). */
void expect_host(SSL* ssl, const std::string& host, bool insecure)
{
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool good = true;
    if (is_address(host)) {
        if (!insecure)
            good = X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
    } else {
        good = SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
               (insecure || X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0) == 1);
    }
    if (!good)
        throw Error(sqlstate::cannot_connect, "the host's name cannot be used with TLS: " +
                                                  printable(host) + ": " + take_reason());
}

const char* hint_for_certificate(long result)
{
    switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "Name the server in the URL as its certificate names it.";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "Renew the certificate. Are the clocks of both machines right?";
    default:
        return "Set redis_ca_file to the certificate of the authority that signed the server's.";
    }
}

const char* hint_for_handshake(unsigned long code)
{
    switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
        return "Does the server expect TLS here? If not, write redis:// instead of rediss://.";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "The server may demand a certificate of its clients: set redis_cert_file and "
               "redis_key_file to one that it accepts.";
    default:
        return "";
    }
}

} // namespace

void TlsSession::Free::operator()(SSL* ssl) const noexcept
{
    SSL_free(ssl);
}

void TlsSession::Free::operator()(BIO* bio) const noexcept
{
    BIO_free(bio);
}

TlsSession::TlsSession(const TlsOptions& options, const std::string& host) : options_(options)
{
    const Context context = make_context(options);
    ssl_.reset(SSL_new(context.get()));
    BIO *inner = nullptr, *outer = nullptr;
    if (ssl_ == nullptr || BIO_new_bio_pair(&inner, buffer_bytes, &outer, buffer_bytes) != 1)
        throw std::bad_alloc();
    wire_.reset(outer);
    SSL_set_bio(ssl_.get(), inner, inner);
    SSL_set_connect_state(ssl_.get());
    expect_host(ssl_.get(), host, options.insecure);
}

TlsSession::~TlsSession() = default;

void TlsSession::settle(int result)
{
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return;
    if (kind == SSL_ERROR_ZERO_RETURN) {
        ended_ = true;
        return;
    }
    const unsigned long code = ERR_peek_error();
    const char* sqlstate =
        SSL_is_init_finished(ssl_.get()) ? sqlstate::connection_failure : sqlstate::cannot_connect;
    const long verified = SSL_get_verify_result(ssl_.get());
    if (!options_.insecure && verified != X509_V_OK) {
        ERR_clear_error();
        throw Error(sqlstate, "the certificate of Redis was not accepted",
                    std::string(X509_verify_cert_error_string(verified)),
                    hint_for_certificate(verified));
    }
    const char* hint = hint_for_handshake(code);
    throw Error(sqlstate, "TLS with Redis failed", take_reason(), hint);
}

size_t TlsSession::write(std::string_view plain)
{
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl_.get())) {
        const int result = SSL_do_handshake(ssl_.get());
        if (result != 1) {
            settle(result);
            return 0;
        }
    }
    size_t taken = 0;
    if (plain.empty())
        return 0;
    const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &taken);
    if (result != 1)
        settle(result);
    return taken;
}

size_t TlsSession::read(char* to, size_t size)
{
    ERR_clear_error();
    size_t taken = 0;
    const int result = SSL_read_ex(ssl_.get(), to, size, &taken);
    if (result != 1)
        settle(result);
    return taken;
}

std::string_view TlsSession::output()
{
    char* bytes = nullptr;
    const int count = BIO_nread0(wire_.get(), &bytes);
    return count > 0 ? std::string_view(bytes, static_cast<size_t>(count)) : std::string_view();
}

void TlsSession::consume_output(size_t n)
{
    char* bytes = nullptr;
    BIO_nread(wire_.get(), &bytes, static_cast<int>(n));
}

size_t TlsSession::feed(std::string_view wire)
{
    size_t taken = 0;
    BIO_write_ex(wire_.get(), wire.data(), wire.size(), &taken);
    return taken;
}

} // namespace synckit
