#pragma once

#include <exception>
#include <string>
#include <utility>

namespace synckit {

/*
 * The SQLSTATEs that pure code reports
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html), and those of class SK, which
 * are ours. In a backend they become ereport(ERROR, errcode(...)), in the coordinator the seed's
 * error types.
 */
namespace sqlstate {
inline constexpr const char* numeric_value_out_of_range = "22003";
inline constexpr const char* null_value_not_allowed = "22004";
inline constexpr const char* datetime_field_overflow = "22008";
inline constexpr const char* string_data_right_truncation = "22001";
inline constexpr const char* character_not_in_repertoire = "22021";
inline constexpr const char* invalid_parameter_value = "22023";
inline constexpr const char* invalid_text_representation = "22P02";
inline constexpr const char* invalid_binary_representation = "22P03";
inline constexpr const char* data_corrupted = "XX001";
inline constexpr const char* out_of_memory = "53200";
inline constexpr const char* program_limit_exceeded = "54000";
inline constexpr const char* internal_error = "XX000";
} // namespace sqlstate

/* An error of the pure world: what Postgres would report, as a value. */
class Error : public std::exception {
  public:
    Error(const char* sqlstate, std::string message, std::string detail = {}, std::string hint = {})
        : sqlstate_(sqlstate), message_(std::move(message)), detail_(std::move(detail)),
          hint_(std::move(hint))
    {
    }

    const char* what() const noexcept override { return message_.c_str(); }
    const char* sqlstate() const noexcept { return sqlstate_; }
    const std::string& message() const noexcept { return message_; }
    const std::string& detail() const noexcept { return detail_; }
    const std::string& hint() const noexcept { return hint_; }

  private:
    const char* sqlstate_; // five characters, a literal
    std::string message_;
    std::string detail_;
    std::string hint_;
};

} // namespace synckit
