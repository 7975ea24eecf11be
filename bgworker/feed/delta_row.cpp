#include "bgworker/feed/delta_row.hpp"

#include "postgres/json_text.hpp"
#include "postgres/settings.hpp"
#include "postgres/unix_time.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/xid8.h"
}

#include "message/message.hpp"

namespace synckit {

uint64 DeltaRow::xid() const
{
    return U64FromFullTransactionId(DatumGetFullTransactionId(row_.column(1)));
}

bool DeltaRow::is_foreign() const
{
    TransactionId writer = DatumGetTransactionId(row_.column(3));
    return TransactionIdIsNormal(writer) &&
           TransactionIdPrecedes(writer, static_cast<TransactionId>(xid()));
}

void DeltaRow::identify(Subject& subject) const
{
    std::memcpy(subject.id.data, DatumGetUUIDP(row_.column(4))->data, UUID_LEN);
    subject.version = DatumGetInt64(row_.column(13));
    subject.document = to_cstring(text(5));
}

std::span<const std::string_view> DeltaRow::texts(Datum array) const
{
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    auto* texts = static_cast<std::string_view*>(palloc(sizeof(std::string_view) * (count + 1)));
    int filled = 0;
    for (int i = 0; i < count; ++i)
        if (!nulls[i])
            texts[filled++] = datum_text(elements[i]);
    return {texts, static_cast<size_t>(filled)};
}

bool DeltaRow::append(RedisLink& to, int64 epoch) const
{
    auto limit = static_cast<size_t>(settings::max_message_bytes);
    bool no_value, no_clock, no_changed, no_server;
    Datum value = row_.column(9, &no_value), clock = row_.column(12, &no_clock),
          changed = row_.column(17, &no_changed), server = row_.column(18, &no_server);

    DeltaMessage message{};
    std::memcpy(message.id.data(), DatumGetUUIDP(row_.column(4))->data, UUID_LEN);
    message.document = text(5);
    message.client = text(6);
    message.operation = text(7);
    message.field = text(8);
    message.clock_value = DatumGetInt64(row_.column(10));
    message.timestamp_ms = unix_us(DatumGetTimestampTz(row_.column(11))) / 1000;
    message.version = DatumGetInt64(row_.column(13));
    message.lamport = DatumGetInt64(row_.column(14));
    message.stamp = DatumGetInt64(row_.column(15));
    message.outcome = text(16);
    message.epoch = epoch;
    if (!no_changed)
        message.changed_fields = texts(changed);
    if (!no_server)
        message.server = datum_text(server);

    bool truncated = false;
    if (!no_value) {
        /* Not even looked at where its bytes alone, compressed or not, are far too many. */
        constexpr size_t most_shrinking =
            8; // numbers and structure: jsonb takes more room than text
        truncated = toast_raw_datum_size(value) / most_shrinking > limit;
        StringInfoData text;
        initStringInfo(&text);
        if (!truncated)
            truncated = !append_json_text(&text, &DatumGetJsonbP(value)->root, limit);
        if (!truncated)
            message.value = {text.data, static_cast<size_t>(text.len)};
    }
    Bytes clock_bytes = no_clock ? Bytes() : datum_bytes(clock);
    ContextMemory memory(CurrentMemoryContext);
    run_pure([&] {
        if (!no_clock)
            message.clock = ClockView(clock_bytes);
        std::pmr::string channel(&memory), body(&memory);
        append_document_channel(channel, settings::channel_prefix, message.document);
        body.reserve(400 + message.value.value_or("").size());
        append_delta_message(body, message, truncated);
        if (body.size() > limit && !truncated) {
            truncated = true;
            body.clear();
            append_delta_message(body, message, true);
        }
        if (body.size() > limit) { // what else can be long goes as well: Postgres has it
            message.clock.reset();
            message.changed_fields.reset();
            body.clear();
            append_delta_message(body, message, true);
        }
        if (body.size() > limit)
            throw Error(sqlstate::program_limit_exceeded,
                        "the delta's message is longer than synckit.max_message_bytes even without "
                        "its value");
        to.publish(channel, body);
    });
    return truncated;
}

} // namespace synckit
