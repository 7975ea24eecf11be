#pragma once

namespace synckit::sqlstate {

/* What can go wrong between us and a server, in the words of SQLSTATE. */
inline constexpr const char* connection_failure = "08006";
inline constexpr const char* cannot_connect = "08001";
inline constexpr const char* connection_rejected = "08004";
inline constexpr const char* protocol_violation = "08P01";
inline constexpr const char* invalid_authorization = "28000";

/* And with the files that it takes. */
inline constexpr const char* insufficient_privilege = "42501";
inline constexpr const char* wrong_object_type = "42809";
inline constexpr const char* undefined_file = "58P01";

} // namespace synckit::sqlstate
