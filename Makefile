# The extension: make, make install, make installcheck (which starts its own server).
#
# Everything that is not loaded into Postgres is built by CMakeLists.txt.

MODULE_big = synckit
EXTENSION = extension/synckit
DATA_built = extension/synckit--1.0.sql

PURE = $(wildcard src/base/*.cpp src/clock/*.cpp src/document/*.cpp src/message/*.cpp src/redis/*.cpp)
GLUE = $(wildcard src/postgres/*.cpp src/types/*.cpp src/storage/*.cpp src/triggers/*.cpp src/functions/*.cpp bgworker/*.cpp bgworker/*/*.cpp)
OBJS = $(patsubst %.cpp,%.o,$(PURE) $(GLUE))

REGRESS = $(patsubst sql/%.sql,%,$(wildcard sql/*.sql))
REGRESS_OPTS = --temp-instance=tmp_check --temp-config=test/regress.conf --load-extension=synckit
ISOLATION = $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec))
ISOLATION_OPTS = --inputdir=test --temp-instance=tmp_check_iso --temp-config=test/regress.conf --load-extension=synckit

# The servers of the tests are of one kind, whatever the locale of who runs them.
NO_LOCALE = 1
ENCODING = UTF8

EXTRA_CLEAN = src/functions/migrations.inc tmp_check tmp_check_iso

# JIT bitcode would need the same flags as the objects, through another compiler; a wrong one is inlined in silence.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Postgres's headers are not ours to mend: -isystem keeps their warnings out of -Werror. PGXS adds them with -I, which
# only what is left of its flags may keep.
SYNCKIT_CPPFLAGS = -I$(srcdir) -I$(srcdir)/src $(filter-out -I%,$(CPPFLAGS))
SYNCKIT_CXXFLAGS = -std=c++20 -O2 -ftree-vectorize -fvect-cost-model=dynamic -g -fPIC -fno-strict-aliasing -fwrapv -Wall -Wextra -Werror
DEPENDENCIES = -MMD -MP

# For tests alone: see bgworker/process/steps.hpp.
ifdef STEPS
SYNCKIT_CPPFLAGS += -DSYNCKIT_STEPS
endif

SHLIB_LINK += -lhiredis -lcares -lssl -lcrypto -lstdc++
LDFLAGS_SL += -Wl,-Bsymbolic -Wl,--version-script=$(srcdir)/extension/exports.map

# Pure files are compiled without any Postgres header in reach: the wall, a second time.
$(patsubst %.cpp,%.o,$(PURE)): %.o: %.cpp
	$(CXX) $(SYNCKIT_CXXFLAGS) $(DEPENDENCIES) -I$(srcdir)/src -c $< -o $@

$(patsubst %.cpp,%.o,$(GLUE)): %.o: %.cpp
	$(CXX) $(SYNCKIT_CXXFLAGS) $(DEPENDENCIES) $(SYNCKIT_CPPFLAGS) -isystem $(includedir_server) -c $< -o $@

# The install script is kept in parts, in the order of their names.
extension/synckit--1.0.sql: $(sort $(wildcard extension/synckit--1.0/*.sql))
	cat $^ > $@

src/functions/schema.o: src/functions/migrations.inc

# The migrations travel in the library, so that the two never disagree.
src/functions/migrations.inc: $(sort $(wildcard extension/schema/*.sql))
	for file in $(sort $(wildcard extension/schema/*.sql)); do \
	    printf 'R"migration('; cat $$file; printf ')migration",\n'; \
	done > $@

EXTRA_CLEAN += $(OBJS:.o=.d)
-include $(OBJS:.o=.d)
