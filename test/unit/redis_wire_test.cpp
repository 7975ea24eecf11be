#include "redis/wire.hpp"

#include <cstdio>
#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using testing::HasSubstr;

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/* A server by TLS, without a socket, with a certificate that it has signed itself. */
class TlsServer {
  public:
    TlsServer() : key_(EVP_EC_gen("P-256")), certificate_(X509_new())
    {
        X509* c = certificate_.get();
        X509_set_version(c, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
        X509_gmtime_adj(X509_getm_notBefore(c), -60);
        X509_gmtime_adj(X509_getm_notAfter(c), 3600);
        X509_set_pubkey(c, key_.get());
        X509_NAME* name = X509_get_subject_name(c);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
        X509_set_issuer_name(c, name);
        X509_sign(c, key_.get(), EVP_sha256());
        context_.reset(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_certificate(context_.get(), c);
        SSL_CTX_use_PrivateKey(context_.get(), key_.get());
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
    }

    SSL* ssl() { return ssl_.get(); }

    /* Takes bytes of the wire; returns what came out of them. */
    std::string take(std::string_view bytes)
    {
        BIO_write(SSL_get_rbio(ssl()), bytes.data(), static_cast<int>(bytes.size()));
        std::string plain;
        char buffer[4096];
        int got;
        while ((got = SSL_read(ssl(), buffer, sizeof buffer)) > 0)
            plain.append(buffer, static_cast<size_t>(got));
        ERR_clear_error();
        return plain;
    }
    void say(std::string_view plain)
    {
        ASSERT_EQ(SSL_write(ssl(), plain.data(), static_cast<int>(plain.size())),
                  static_cast<int>(plain.size()));
    }
    /* What it sends by the wire. */
    std::string output()
    {
        char* bytes;
        BIO* bio = SSL_get_wbio(ssl());
        const long length = BIO_get_mem_data(bio, &bytes);
        std::string result(bytes, static_cast<size_t>(length));
        BIO_reset(bio);
        return result;
    }

    /* The certificate as a file, removed with the server. */
    std::string ca_file()
    {
        if (file_.empty()) {
            file_ = testing::TempDir() + "redis_wire_test.crt";
            std::FILE* file = std::fopen(file_.c_str(), "w");
            PEM_write_X509(file, certificate_.get());
            std::fclose(file);
        }
        return file_;
    }
    ~TlsServer()
    {
        if (!file_.empty())
            std::remove(file_.c_str());
    }

  private:
    Owned<EVP_PKEY> key_;
    Owned<X509> certificate_;
    Owned<SSL_CTX> context_;
    Owned<SSL> ssl_;
    std::string file_;
};

/* Passes bytes to and fro, so many at a time, until both are silent; returns what the server heard.
 */
std::string converse(RedisWire& wire, TlsServer& server, size_t piece)
{
    std::string heard;
    for (bool moved = true; moved;) {
        moved = false;
        while (true) {
            const std::string_view output = wire.output().substr(0, piece);
            if (output.empty())
                break;
            heard += server.take(output);
            wire.consume_output(output.size());
            moved = true;
        }
        const std::string answer = server.output();
        for (size_t at = 0; at < answer.size(); at += piece)
            wire.feed(answer.data() + at, std::min(piece, answer.size() - at));
        moved |= !answer.empty();
    }
    return heard;
}

TEST(RedisWire, IsPlainWithoutAHost)
{
    RedisWire wire;
    wire.open();
    wire.protocol().append_command({"PING"});
    EXPECT_EQ(wire.output(), "*1\r\n$4\r\nPING\r\n");
    wire.consume_output(14);
    EXPECT_EQ(wire.output(), "");
    wire.feed("+PONG\r\n", 7);
    EXPECT_EQ(wire.next_reply()->text(), "PONG");
    EXPECT_FALSE(wire.ended());
}

TEST(RedisWire, SpeaksTlsInPiecesOfAnySize)
{
    for (const size_t piece : {1, 7, 1000, 1'000'000}) {
        TlsServer server;
        RedisWire wire;
        wire.open({.ca_file = server.ca_file()}, "localhost");
        wire.protocol().append_command({"PING"});
        EXPECT_EQ(converse(wire, server, piece), "*1\r\n$4\r\nPING\r\n");
        EXPECT_STREQ(SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name), "localhost");
        EXPECT_GE(SSL_version(server.ssl()), TLS1_2_VERSION);

        // More than the buffers hold, both ways.
        const std::string large(300'000, 'x');
        wire.protocol().append_command({"PING", large});
        EXPECT_THAT(converse(wire, server, piece), testing::EndsWith(large + "\r\n"));
        server.say("$300000\r\n" + large + "\r\n:1\r\n");
        converse(wire, server, piece);
        EXPECT_EQ(wire.next_reply()->text(), large);
        EXPECT_EQ(wire.next_reply()->integer(), 1);

        EXPECT_FALSE(wire.ended());
        SSL_shutdown(server.ssl());
        converse(wire, server, piece);
        EXPECT_TRUE(wire.ended());
    }
}

TEST(RedisWire, AnswersWhatTlsAsksInBetween)
{
    TlsServer server;
    RedisWire wire;
    wire.open({.ca_file = server.ca_file()}, "localhost");
    converse(wire, server, 1 << 20);
    ASSERT_EQ(SSL_version(server.ssl()), TLS1_3_VERSION);
    ASSERT_EQ(SSL_key_update(server.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    server.say(":1\r\n");
    wire.protocol().append_command({"PING"});
    EXPECT_EQ(converse(wire, server, 1 << 20), "*1\r\n$4\r\nPING\r\n");
    EXPECT_EQ(wire.next_reply()->integer(), 1);
}

/* A server that asks without end and takes no answer must not make us hold more and more. */
TEST(RedisWire, HoldsNoAnswersWithoutEnd)
{
    TlsServer server;
    RedisWire wire;
    wire.open({.ca_file = server.ca_file()}, "localhost");
    converse(wire, server, 1 << 20);
    try {
        for (int i = 0; i < 100'000; ++i) {
            ASSERT_EQ(SSL_key_update(server.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
            server.say(":1\r\n");
            const std::string asked = server.output();
            wire.feed(asked.data(), asked.size());
            while (wire.next_reply()) {
            }
            ASSERT_LE(wire.output().size(), 65536u);
        }
    } catch (const Error& error) {
        EXPECT_STREQ(error.sqlstate(), "08P01");
    }
}

Error error_of(const TlsOptions& options, const std::string& host)
{
    TlsServer server;
    RedisWire wire;
    try {
        TlsOptions with_ca = options;
        if (with_ca.ca_file.empty())
            with_ca.ca_file = server.ca_file();
        wire.open(with_ca, host);
        converse(wire, server, 1 << 20);
    } catch (const Error& error) {
        return error;
    }
    return Error("00000", "");
}

TEST(RedisWire, BelievesNoStranger)
{
    EXPECT_STREQ(error_of({}, "localhost").sqlstate(), "00000");
    const Error name = error_of({}, "localhost.example");
    EXPECT_STREQ(name.sqlstate(), "08001");
    EXPECT_THAT(name.detail(), HasSubstr("ostname mismatch"));
    EXPECT_THAT(error_of({}, "127.0.0.1").detail(), HasSubstr("IP address mismatch"));
    EXPECT_STREQ(error_of({.insecure = true}, "127.0.0.1").sqlstate(), "00000");
    EXPECT_STREQ(error_of({.ca_file = "/nowhere"}, "localhost").sqlstate(), "58P01");
    EXPECT_STREQ(error_of({.cert_file = "/nowhere"}, "localhost").sqlstate(), "08001");
}

TEST(RedisWire, RefusesWhatIsNotTls)
{
    for (const std::string& bytes :
         {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("-ERR Protocol error\r\n"),
          std::string(70'000, '\0'), std::string(70'000, '\x16'),
          std::string("\x15\x03\x03\0\2\2\x28", 7)}) {
        RedisWire wire;
        wire.open({.insecure = true}, "localhost");
        EXPECT_FALSE(wire.output().empty());
        try {
            wire.feed(bytes.data(), bytes.size());
            ADD_FAILURE() << "taken for TLS: " << bytes.substr(0, 20);
        } catch (const Error& error) {
            EXPECT_EQ(std::string_view(error.sqlstate()).substr(0, 2), "08");
        }
        wire.open(); // and another connection is as new
        wire.feed(":1\r\n", 4);
        EXPECT_EQ(wire.next_reply()->integer(), 1);
    }
}

} // namespace
} // namespace synckit
