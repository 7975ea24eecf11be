#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "clock/clock.hpp"
#include "document/delta_id.hpp"
#include "document/ticks.hpp"

/*
 * What travels on the Redis channels: one JSON object a message; docs/publisher.md describes each
 * key.
 */
namespace synckit {

struct DeltaMessage {
    Uuid id;
    std::string_view document;
    std::string_view client;
    std::string_view operation;
    std::string_view field;
    std::optional<std::string_view> value; // JSON text
    Counter clock_value;
    std::optional<ClockView> clock;
    int64_t version;
    Ticks lamport;
    Ticks stamp;
    std::string_view outcome;
    std::optional<std::span<const std::string_view>> changed_fields;
    int64_t timestamp_ms;
    std::optional<std::string_view> server;
    int64_t epoch;
};

struct BroadcastMessage {
    std::string_view event;
    std::optional<std::string_view> data; // JSON text
    std::optional<std::string_view> server;
    int64_t timestamp_ms;
    int64_t epoch;
};

void append_delta_message(std::pmr::string& to, const DeltaMessage&, bool truncated);
void append_broadcast_message(std::pmr::string& to, const BroadcastMessage&);
void append_epoch_message(std::pmr::string& to, int64_t epoch, int64_t timestamp_ms);

/* {prefix}doc:{documentId}, {prefix}broadcast */
void append_document_channel(std::pmr::string& to, std::string_view prefix,
                             std::string_view document);
void append_broadcast_channel(std::pmr::string& to, std::string_view prefix);

} // namespace synckit
