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

#define SYNCKIT_ERROR_FIELDS(caught)                                                               \
    (errcode((caught).sqlstate), errmsg("%s", (caught).message),                                   \
     (caught).detail[0] ? errdetail("%s", (caught).detail) : 0,                                    \
     (caught).hint[0] ? errhint("%s", (caught).hint) : 0)

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
    caught.cancelled = false;
    copy(message, caught.message);
    caught.detail[0] = caught.hint[0] = '\0';
}

void describe_cancelled(CaughtError& caught) noexcept
{
    describe("57014", "canceling statement", caught);
    caught.cancelled = true;
}

void raise(const CaughtError& caught)
{
    if (caught.cancelled)
        CHECK_FOR_INTERRUPTS(); // knows better what to say
    ereport(ERROR, SYNCKIT_ERROR_FIELDS(caught));
    pg_unreachable();
}

Datum raise_softly([[maybe_unused]] FunctionCallInfo fcinfo, const CaughtError& caught)
{
#if PG_VERSION_NUM >= 160000
    if (!caught.cancelled)
        ereturn(fcinfo->context, (fcinfo->isnull = true, Datum(0)), SYNCKIT_ERROR_FIELDS(caught));
#endif
    raise(caught);
}

Datum copy_value(Bytes value)
{
    auto* copy = static_cast<char*>(palloc(value.size() + VARHDRSZ));
    SET_VARSIZE(copy, value.size() + VARHDRSZ);
    std::memcpy(VARDATA(copy), value.data(), value.size());
    return PointerGetDatum(copy);
}

} // namespace synckit
