src/redis/url.o: src/redis/url.cpp src/redis/url.hpp src/base/error.hpp \
 src/base/pure_only.hpp
src/redis/url.hpp:
src/base/error.hpp:
src/base/pure_only.hpp:
