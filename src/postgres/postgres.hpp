#pragma once

/*
 * The Postgres side of the wall: every glue file includes this first, and no pure .cpp may.
 *
 * C++ standard headers come before postgres.h, which redefines printf and its kin, Min, Max and _.
 */
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}

/*
 * Declares an SQL-callable function. Postgres 15 does not mark them for export by itself; 16 builds
 * modules with hidden visibility.
 */
#define SYNCKIT_FUNCTION(name)                                                                     \
    extern "C" {                                                                                   \
    __attribute__((visibility("default"))) Datum name(PG_FUNCTION_ARGS);                           \
    PG_FUNCTION_INFO_V1(name);                                                                     \
    }                                                                                              \
    Datum name([[maybe_unused]] PG_FUNCTION_ARGS)
