/*
 * The SQL type synckit_registers: input, output and their binary twins. docs/registers.md has the
 * grammar.
 */
#include "postgres/bridge.hpp"

extern "C" {
#include "libpq/pqformat.h"
}

#include "document/registers.hpp"

using namespace synckit;

namespace {

/* The binary form is a version and the text, as jsonb's is. */
constexpr uint8_t wire_version = 1;

Datum registers_datum(std::string_view text)
{
    ContextMemory memory(CurrentMemoryContext);
    Bytes registers;
    run_pure([&] { registers = registers_from_text(text, memory); });
    return value_datum(registers);
}

std::string_view registers_text(Datum datum)
{
    Bytes registers = datum_bytes(datum);
    ContextMemory memory(CurrentMemoryContext);
    std::string_view text;
    run_pure([&] { text = registers_to_text(registers, memory); });
    return text;
}

} // namespace

SYNCKIT_FUNCTION(synckit_registers_in)
{
    return registers_datum(PG_GETARG_CSTRING(0));
}

SYNCKIT_FUNCTION(synckit_registers_out)
{
    PG_RETURN_CSTRING(to_cstring(registers_text(PG_GETARG_DATUM(0))));
}

SYNCKIT_FUNCTION(synckit_registers_recv)
{
    auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int version = pq_getmsgbyte(message);
    if (version != wire_version)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                        errmsg("invalid binary value for type synckit_registers"),
                        errdetail("Its format version is %d, not 1.", version)));
    int size = 0;
    const char* text = pq_getmsgtext(message, message->len - message->cursor, &size);
    return registers_datum({text, static_cast<size_t>(size)});
}

SYNCKIT_FUNCTION(synckit_registers_send)
{
    std::string_view text = registers_text(PG_GETARG_DATUM(0));
    StringInfoData out;
    pq_begintypsend(&out);
    pq_sendint8(&out, wire_version);
    pq_sendtext(&out, text.data(), static_cast<int>(text.size()));
    PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}
