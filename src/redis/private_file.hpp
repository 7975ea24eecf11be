#pragma once

#include <string>

namespace synckit {

/*
 * Refuses a file that is to hold a secret but is open to others, or is no regular file (reading a
 * FIFO would wait for a writer). The rule is that of Postgres for ssl_key_file: nothing for group
 * and others, or read for the group where root owns it. Throws an Error (42501, 58P01, 42809) whose
 * message begins with `what`, the name of the setting.
 */
void require_private_file(const std::string& path, const char* what);

/* Likewise, without the rule for secrets. */
void require_regular_file(const std::string& path, const char* what);

/* The first line of such a file; an Error also where it is empty or longer than 1023 bytes. */
std::string read_password_file(const std::string& path, const char* what);

} // namespace synckit
