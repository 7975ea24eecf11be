/*
 * synckit_save_document(), synckit_update_document() and synckit_delete_document(): the whole state
 * written at once, as the fields that change. docs/reference.md describes them.
 */
#include "functions/document_row.hpp"
#include "storage/state_change.hpp"

#include "postgres/sql.hpp"

#include "postgres/result_set.hpp"
#include "postgres/sqlstates.hpp"
extern "C" {
#include "funcapi.h"
}

using namespace synckit;

namespace {

struct Request {
    Datum id;
    Jsonb* state;
    std::optional<int64_t> expected_version;
    bool may_create;
};

Request read_request(FunctionCallInfo fcinfo, bool may_create)
{
    for (int i = 0; i < 2; ++i)
        if (PG_ARGISNULL(i))
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("%s must not be null", i == 0 ? "document id" : "state")));
    Request request{PG_GETARG_DATUM(0), PG_GETARG_JSONB_P(1), std::nullopt, may_create};
    run_pure([&] { check_document_id(datum_text(request.id)); });
    check_state(request.state);
    if (!PG_ARGISNULL(2))
        request.expected_version = PG_GETARG_INT64(2);
    if (request.expected_version && *request.expected_version < 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("expected version must not be negative"),
                 errhint("0 means that the document must not exist, null that any will do.")));
    return request;
}

[[noreturn]] void raise_not_found(Datum id)
{
    ereport(ERROR, (errcode(ERRCODE_SYNCKIT_NO_DOCUMENT),
                    errmsg("document \"%s\" does not exist", TextDatumGetCString(id)),
                    errhint("synckit_save_document() creates it.")));
    pg_unreachable();
}

void check_version(const Request& request, int64_t found)
{
    if (!request.expected_version || *request.expected_version == found)
        return;
    ereport(ERROR,
            (errcode(ERRCODE_SYNCKIT_VERSION_CONFLICT),
             found == 0 ? errmsg("document \"%s\" does not exist", TextDatumGetCString(request.id))
             : *request.expected_version == 0
                 ? errmsg("document \"%s\" exists", TextDatumGetCString(request.id))
                 : errmsg("document \"%s\" has changed", TextDatumGetCString(request.id)),
             errdetail("It has version " INT64_FORMAT ", expected was " INT64_FORMAT ".", found,
                       *request.expected_version),
             errhint("Read the document again and repeat the change.")));
}

void write_state(const Request& request, const ExtensionObjects& extension)
{
    ContextMemory memory(CurrentMemoryContext);
    OpenDocument document;
    document.id = request.id;
    /* What a new document is made of. */
    std::span<DeltaInput> deltas = deltas_of_state(document, request.state, sql_client());
    SpiSession spi;
    DocumentRows rows(extension, memory.context());
    DeltaLog log(extension, memory.context());
    bool must_exist = !request.may_create || request.expected_version.value_or(0) > 0;
    for (int attempt = 0; must_exist ? !document.lock_existing(rows) : !document.lock(rows);
         ++attempt) {
        if (!request.may_create)
            raise_not_found(request.id);
        check_version(request, 0);
        DeltaInput* first = &deltas[0];
        if (document.create(rows, {&first, 1}, memory))
            break;
        if (attempt == most_attempts)
            refuse_hidden_row("documents", request.id);
    }
    if (!document.created)
        check_version(request, document.stored.version);

    MemoryContext spi_context = MemoryContextSwitchTo(memory.context());
    document.load(memory, false);
    if (!document.created)
        deltas = deltas_of_state(document, request.state, sql_client());
    merge_all(document, deltas, memory);
    MemoryContextSwitchTo(spi_context);
    write_document(rows, document);
    log_all(log, document, deltas);
    spi.finish();
}

/* The row as it now stands: the user's triggers and policies have had their say. */
Datum stored_document(FunctionCallInfo fcinfo, const ExtensionObjects& extension, Datum id)
{
    TupleDesc descriptor = result_row_type(fcinfo);
    SpiSession spi;
    if (document_statement.execute(extension, &id) != 1)
        refuse_hidden_row("documents", id);
    constexpr int columns = std::size(document_row_types);
    Datum values[columns];
    bool nulls[columns];
    for (int i = 0; i < columns; ++i)
        values[i] = column(0, i + 1, &nulls[i]);
    HeapTuple tuple = heap_form_tuple(descriptor, values, nulls);
    Datum result = PointerGetDatum(SPI_returntuple(tuple, descriptor));
    spi.finish();
    return result;
}

Datum save(FunctionCallInfo fcinfo, bool may_create)
{
    require_schema();
    Request request = read_request(fcinfo, may_create);
    ExtensionObjects extension = extension_of(fcinfo);
    write_state(request, extension);
    return stored_document(fcinfo, extension, request.id);
}

} // namespace

SYNCKIT_FUNCTION(synckit_save_document)
{
    return save(fcinfo, true);
}

SYNCKIT_FUNCTION(synckit_update_document)
{
    return save(fcinfo, false);
}

SYNCKIT_FUNCTION(synckit_delete_document)
{
    require_schema();
    ContextMemory memory(CurrentMemoryContext);
    OpenDocument document;
    document.id = PG_GETARG_DATUM(0);
    run_pure([&] { check_document_id(datum_text(document.id)); });
    SpiSession spi;
    ExtensionObjects extension = extension_of(fcinfo);
    DocumentRows rows(extension, memory.context());
    DeltaLog log(extension, memory.context());
    bool found = document.lock_existing(rows);
    if (found) {
        MemoryContext spi_context = MemoryContextSwitchTo(memory.context());
        document.load(memory, false);
        std::span<DeltaInput> deltas = deltas_of_deletion(document, sql_client());
        merge_all(document, deltas, memory);
        MemoryContextSwitchTo(spi_context);
        write_document(rows, document);
        log_all(log, document, deltas);
    }
    spi.finish();
    PG_RETURN_BOOL(found);
}
