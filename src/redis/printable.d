src/redis/printable.o: src/redis/printable.cpp src/redis/printable.hpp \
 src/base/utf8.hpp src/base/pure_only.hpp
src/redis/printable.hpp:
src/base/utf8.hpp:
src/base/pure_only.hpp:
