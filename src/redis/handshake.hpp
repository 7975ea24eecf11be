#pragma once

#include <cstddef>

#include "redis/protocol.hpp"
#include "redis/url.hpp"

namespace synckit {

/*
 * Appends what a new connection says first: AUTH with the URL's user and password (set url.password
 * where the password comes from elsewhere), SELECT of its database, CLIENT SETNAME. Returns how
 * many replies to await.
 */
size_t append_handshake(RedisProtocol& protocol, const RedisUrl& url);

/*
 * Looks at one of these replies; `left` is how many are still awaited, this one included. Throws an
 * Error where Redis refused: 28000 if it is about who we are, else 08004. Neither holds the
 * password.
 */
void check_handshake_reply(const RedisReply& reply, const RedisUrl& url, size_t left);

} // namespace synckit
