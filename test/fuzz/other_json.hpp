#pragma once

/*
 * Another reader of JSON to hold ours against. What an input reaches in it does not count as new:
 * the search is for what is new in our own.
 */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#include <nlohmann/json.hpp>
#pragma clang attribute pop
