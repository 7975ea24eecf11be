#include "redis/private_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "redis/sqlstates.hpp"
#include "base/pure_only.hpp"

namespace synckit {
namespace {

[[noreturn]] void refuse(const char* sqlstate, const char* what, const std::string& path,
                         const std::string& reason, std::string hint = {})
{
    throw Error(sqlstate, std::string("could not use ") + what + " \"" + path + "\": " + reason, {},
                std::move(hint));
}

[[noreturn]] void refuse_by_errno(const char* what, const std::string& path)
{
    refuse(errno == EACCES ? sqlstate::insufficient_privilege : sqlstate::undefined_file, what,
           path, std::strerror(errno));
}

void require_regular(const struct stat& status, const std::string& path, const char* what)
{
    if (!S_ISREG(status.st_mode))
        refuse(sqlstate::wrong_object_type, what, path, "it is no regular file");
}

void require_private(const struct stat& status, const std::string& path, const char* what)
{
    require_regular(status, path, what);
    const mode_t open_to_others =
        status.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if ((status.st_mode & open_to_others) == 0)
        return;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
    refuse(sqlstate::insufficient_privilege, what, path,
           std::string("its permissions ") + mode + " are too open",
           "chmod 0600, or 0640 if root owns it: what it holds is secret.");
}

struct stat status_of(const std::string& path, const char* what)
{
    struct stat status;
    if (::stat(path.c_str(), &status) != 0)
        refuse_by_errno(what, path);
    return status;
}

struct OpenFile {
    int number;
    ~OpenFile() { ::close(number); }
};

} // namespace

void require_private_file(const std::string& path, const char* what)
{
    require_private(status_of(path, what), path, what);
}

void require_regular_file(const std::string& path, const char* what)
{
    require_regular(status_of(path, what), path, what);
}

std::string read_password_file(const std::string& path, const char* what)
{
    const int number = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (number < 0)
        refuse_by_errno(what, path);
    const OpenFile file{number};
    struct stat status;
    if (::fstat(file.number, &status) != 0)
        refuse_by_errno(what, path);
    require_private(status, path, what);

    std::string password(1024, '\0');
    const ssize_t length = ::read(file.number, password.data(), password.size());
    if (length < 0)
        refuse_by_errno(what, path);
    password.resize(static_cast<size_t>(length));
    const size_t end = password.find_first_of("\r\n");
    if (end == std::string::npos && password.size() == 1024)
        refuse(sqlstate::program_limit_exceeded, what, path, "its first line is too long");
    password.resize(std::min(end, password.size()));
    if (password.empty())
        refuse(sqlstate::invalid_parameter_value, what, path, "its first line is empty");
    return password;
}

} // namespace synckit
