src/redis/handshake.o: src/redis/handshake.cpp src/redis/handshake.hpp \
 src/redis/protocol.hpp src/redis/reply.hpp src/redis/url.hpp \
 src/base/error.hpp src/redis/printable.hpp src/redis/sqlstates.hpp \
 src/base/pure_only.hpp
src/redis/handshake.hpp:
src/redis/protocol.hpp:
src/redis/reply.hpp:
src/redis/url.hpp:
src/base/error.hpp:
src/redis/printable.hpp:
src/redis/sqlstates.hpp:
src/base/pure_only.hpp:
