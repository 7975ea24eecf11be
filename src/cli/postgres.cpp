#include "cli/postgres.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "base/error.hpp"
#include "cli/report.hpp"

namespace synckit {
namespace {

std::string_view field_of(const PGresult* result, int field)
{
    const char* text = PQresultErrorField(result, field);
    return text != nullptr ? text : "";
}

void show_notice(void*, const PGresult* result)
{
    report(field_of(result, PG_DIAG_SEVERITY), field_of(result, PG_DIAG_MESSAGE_PRIMARY),
           field_of(result, PG_DIAG_MESSAGE_DETAIL), field_of(result, PG_DIAG_MESSAGE_HINT));
}

[[noreturn]] void refuse_url(const char* detail)
{
    throw Error(
        sqlstate::invalid_parameter_value, "invalid database URL", detail,
        "Write postgresql://[user[:password]@][host][:port][/database][?name=value]. Special "
        "characters in user and password are written as %XX.");
}

/*
 * libpq quotes a connection string that it cannot read, and a host or port that it does not know; a
 * password with special characters that were not escaped may be in any of these. So such strings do
 * not reach it.
 */
void check_url(const std::string& url)
{
    struct FreeOptions {
        void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
    };
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options(
        PQconninfoParse(url.c_str(), &error));
    PQfreemem(error);
    if (options == nullptr)
        refuse_url("It is neither a URL nor a list of name=value.");

    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr)
            continue;
        const std::string_view keyword = option->keyword;
        const std::string_view value = option->val;
        if (keyword.starts_with("host") && value.find('@') != std::string_view::npos)
            refuse_url("There is an @ in the host.");
        if (keyword == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos)
            refuse_url("The port is not a number.");
    }
}

std::string last_message(const PGconn* connection)
{
    std::string text = PQerrorMessage(connection);
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

PostgresError error_of(const PGresult* result, PGconn* connection)
{
    PostgresError error;
    error.sqlstate = field_of(result, PG_DIAG_SQLSTATE);
    error.message = field_of(result, PG_DIAG_MESSAGE_PRIMARY);
    error.detail = field_of(result, PG_DIAG_MESSAGE_DETAIL);
    error.hint = field_of(result, PG_DIAG_MESSAGE_HINT);
    // A server that shuts down says so (57P01 to 57P05) before the connection shows it.
    error.connection_lost =
        PQstatus(connection) == CONNECTION_BAD || error.sqlstate.starts_with("57P0");
    if (error.message.empty()) {
        error.message = error.connection_lost ? "lost the connection to Postgres" : "libpq failed";
        error.detail = last_message(connection);
    }
    return error;
}

} // namespace

int PostgresResult::column_number(const char* column) const
{
    const int number = PQfnumber(result_.get(), column);
    if (number < 0)
        throw std::runtime_error(std::string("the server's answer has no column ") + column);
    return number;
}

bool PostgresResult::is_null(int row, const char* column) const
{
    return PQgetisnull(result_.get(), row, column_number(column)) != 0;
}

std::string_view PostgresResult::text(int row, const char* column) const
{
    const int number = column_number(column);
    return {PQgetvalue(result_.get(), row, number),
            static_cast<size_t>(PQgetlength(result_.get(), row, number))};
}

long long PostgresResult::number(int row, const char* column) const
{
    const std::string_view digits = text(row, column);
    long long value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc())
        throw std::runtime_error(std::string("the server's answer has no number in column ") +
                                 column);
    return value;
}

PostgresConnection::PostgresConnection(const std::string& url)
{
    check_url(url);
    // The last word counts: what the URL says stands above these defaults.
    std::vector<const char*> names = {"fallback_application_name", "client_encoding"};
    std::vector<const char*> values = {"synckit", "UTF8"};
    if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) {
        names.push_back("connect_timeout");
        values.push_back("10");
    }
    if (!url.empty()) {
        names.push_back("dbname");
        values.push_back(url.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);

    connection_.reset(PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        PostgresError error;
        error.message = "cannot connect to Postgres";
        error.detail = last_message(connection_.get());
        error.connection_lost = true;
        throw error;
    }
    PQsetNoticeReceiver(connection_.get(), show_notice, nullptr);
}

PostgresResult PostgresConnection::query(const std::string& sql, const Parameters& parameters)
{
    std::vector<const char*> values;
    for (const auto& parameter : parameters)
        values.push_back(parameter ? parameter->c_str() : nullptr);
    PGresult* result = PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                    nullptr, values.data(), nullptr, nullptr, 0);
    PostgresResult owner(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw error_of(result, connection_.get());
    return owner;
}

} // namespace synckit
