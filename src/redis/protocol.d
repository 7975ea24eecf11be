src/redis/protocol.o: src/redis/protocol.cpp src/redis/protocol.hpp \
 src/redis/reply.hpp src/base/error.hpp src/redis/printable.hpp \
 src/redis/sqlstates.hpp src/base/pure_only.hpp
src/redis/protocol.hpp:
src/redis/reply.hpp:
src/base/error.hpp:
src/redis/printable.hpp:
src/redis/sqlstates.hpp:
src/base/pure_only.hpp:
