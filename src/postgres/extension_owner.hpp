#pragma once

#include "postgres/catalog.hpp"

namespace synckit {

/*
 * Runs the body as the extension's owner: schema _synckit is granted to nobody, and the functions
 * that may use it become its owner for that. They check their caller before.
 */
template <class Body>
void as_extension_owner(Body body)
{
    Oid user, owner = installed_extension().owner;
    int context;
    GetUserIdAndSecContext(&user, &context);
    PG_TRY();
    {
        SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE |
                                          SECURITY_RESTRICTED_OPERATION);
        body();
    }
    PG_FINALLY();
    {
        SetUserIdAndSecContext(user, context);
    }
    PG_END_TRY();
}

} // namespace synckit
