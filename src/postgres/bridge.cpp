#include "postgres/bridge.hpp"

#include "base/utf8.hpp"

namespace synckit {

namespace {

template <size_t N>
void copy(std::string_view from, char (&to)[N]) noexcept
{
    from = utf8_prefix(from, N - 1);
    std::memcpy(to, from.data(), from.size());
    to[from.size()] = '\0';
}

int sqlstate_code(const char* s)
{
    return MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]);
}

} // namespace

void describe(const Error& error, CaughtError& caught) noexcept
{
    describe(error.sqlstate(), error.what(), caught);
    copy(error.detail(), caught.detail);
    copy(error.hint(), caught.hint);
}

void describe(const char* sqlstate, const char* message, CaughtError& caught) noexcept
{
    caught.sqlstate = sqlstate_code(sqlstate);
    copy(message, caught.message);
    caught.detail[0] = caught.hint[0] = '\0';
}

void raise(const CaughtError& caught)
{
    ereport(ERROR, (errcode(caught.sqlstate), errmsg("%s", caught.message),
                    caught.detail[0] ? errdetail("%s", caught.detail) : 0,
                    caught.hint[0] ? errhint("%s", caught.hint) : 0));
    pg_unreachable();
}

Datum copy_value(Bytes value)
{
    auto* copy = static_cast<char*>(palloc(value.size() + VARHDRSZ));
    SET_VARSIZE(copy, value.size() + VARHDRSZ);
    std::memcpy(VARDATA(copy), value.data(), value.size());
    return PointerGetDatum(copy);
}

} // namespace synckit
