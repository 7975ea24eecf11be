#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace synckit {

/* What the server reported, or libpq where there was no server to. */
struct PostgresError : std::exception {
    std::string sqlstate;
    std::string message;
    std::string detail;
    std::string hint;
    bool connection_lost = false; // or never made

    const char* what() const noexcept override { return message.c_str(); }
};

class PostgresResult {
  public:
    explicit PostgresResult(PGresult* result) : result_(result) {}

    int rows() const { return PQntuples(result_.get()); }
    bool is_null(int row, const char* column) const;
    /* Empty where null. */
    std::string_view text(int row, const char* column) const;
    long long number(int row, const char* column) const;

  private:
    struct Clear {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };

    int column_number(const char* column) const;

    std::unique_ptr<PGresult, Clear> result_;
};

/* A blocking connection. The server's notices and warnings go to stderr. */
class PostgresConnection {
  public:
    /* A URL or connection string; empty for libpq's own environment (PGHOST, PGDATABASE, …) and
     * defaults. */
    explicit PostgresConnection(const std::string& url);

    using Parameters = std::vector<std::optional<std::string>>;
    /* One statement; values go as parameters only. */
    PostgresResult query(const std::string& sql, const Parameters& parameters = {});

    std::string_view database() const { return PQdb(connection_.get()); }

  private:
    struct Finish {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    std::unique_ptr<PGconn, Finish> connection_;
};

} // namespace synckit
