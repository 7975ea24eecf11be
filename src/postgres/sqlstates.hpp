#pragma once

#include "postgres/postgres.hpp"

/* The SQLSTATEs of our own: a class of its own, SK. docs/reference.md has them for their users. */
namespace synckit {

inline constexpr int ERRCODE_SYNCKIT_NO_DOCUMENT = MAKE_SQLSTATE('S', 'K', '0', '0', '1');
inline constexpr int ERRCODE_SYNCKIT_VERSION_CONFLICT = MAKE_SQLSTATE('S', 'K', '0', '0', '2');
inline constexpr int ERRCODE_SYNCKIT_SCHEMA = MAKE_SQLSTATE('S', 'K', '0', '0', '3');
inline constexpr int ERRCODE_SYNCKIT_LOG_INCOMPLETE = MAKE_SQLSTATE('S', 'K', '0', '0', '4');

} // namespace synckit
