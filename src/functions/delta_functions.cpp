/*
 * synckit_apply_delta(), synckit_apply_deltas() and synckit_uuidv7(): docs/reference.md describes
 * them for their users.
 */
#include "storage/apply.hpp"

#include "postgres/result_set.hpp"
extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

using namespace synckit;

namespace {

/* Of the type synckit_delta_result. */
constexpr Oid result_types[] = {INT8OID, UUIDOID, TEXTOID,      INT8OID,        INT8OID, INT8OID,
                                TEXTOID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
constexpr int result_columns = std::size(result_types);

/* Who owns the extension may alter its type: what is returned must not be taken for other than it
 * is. */
void require_result_type(TupleDesc row)
{
    bool same = row->natts == result_columns;
    for (int i = 0; same && i < result_columns; ++i)
        same = TupleDescAttr(row, i)->atttypid == result_types[i];
    if (!same)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("type synckit_delta_result is not what this library returns"),
                        errhint("Undo what altered it.")));
}

std::optional<std::string_view> text_argument(FunctionCallInfo fcinfo, int i)
{
    if (PG_ARGISNULL(i))
        return std::nullopt;
    return datum_text(PG_GETARG_DATUM(i));
}

std::optional<int64_t> bigint_argument(FunctionCallInfo fcinfo, int i)
{
    return PG_ARGISNULL(i) ? std::nullopt : std::optional<int64_t>(PG_GETARG_INT64(i));
}

Datum uuid_datum(const Uuid& id)
{
    auto* copy = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
    std::memcpy(copy->data, id.data(), id.size());
    return UUIDPGetDatum(copy);
}

/* The row that is returned for a delta, in the columns' order. */
void fill_result(const DeltaInput& input, int64_t ordinality, Datum* values, bool* nulls)
{
    std::fill_n(nulls, result_columns, true);
    auto set = [&](int column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    };
    set(0, Int64GetDatum(ordinality));
    if (input.id)
        set(1, uuid_datum(*input.id));
    if (input.document)
        set(2, text_datum(*input.document));
    if (input.refusal) {
        const CaughtError& why = *input.refusal;
        set(10, CStringGetTextDatum(unpack_sql_state(why.sqlstate)));
        set(11, CStringGetTextDatum(why.detail[0] ? psprintf("%s: %s", why.message, why.detail)
                                                  : why.message));
        return;
    }
    const Verdict* verdict = input.verdict ? input.verdict : nullptr;
    if (input.duplicate) {
        const RecordedDelta& recorded = *input.duplicate;
        set(3, Int64GetDatum(recorded.version));
        set(4, Int64GetDatum(recorded.clock_value));
        set(5, Int64GetDatum(recorded.lamport));
        set(6, text_datum(recorded.field));
        set(7, CStringGetTextDatum("duplicate"));
        set(9, TimestampTzGetDatum(recorded.timestamp));
        if (recorded.changed_fields)
            set(8, recorded.changed_fields);
        verdict = input.duplicate_of ? input.duplicate_of->verdict : nullptr;
    } else {
        set(3, Int64GetDatum(verdict->version));
        set(4, Int64GetDatum(verdict->number));
        set(5, Int64GetDatum(verdict->lamport));
        set(6, text_datum(input.delta.field));
        set(7, CStringGetTextDatum(verdict->applied ? "applied" : "superseded"));
        set(9, TimestampTzGetDatum(*input.timestamp));
    }
    if (verdict && !verdict->complete)
        set(8, text_array(verdict->changed_fields));
}

} // namespace

SYNCKIT_FUNCTION(synckit_apply_delta)
{
    TupleDesc descriptor = result_row_type(fcinfo);
    require_result_type(descriptor);

    DeltaInput input;
    input.document = text_argument(fcinfo, 0);
    input.client = text_argument(fcinfo, 1);
    input.operation = text_argument(fcinfo, 2);
    input.field = text_argument(fcinfo, 3);
    if (!PG_ARGISNULL(4))
        input.value = PG_GETARG_JSONB_P(4);
    input.clock_value = bigint_argument(fcinfo, 5);
    if (!PG_ARGISNULL(6))
        input.clock = datum_bytes(PG_GETARG_DATUM(6));
    if (!PG_ARGISNULL(7))
        input.timestamp = PG_GETARG_TIMESTAMPTZ(7);
    if (!PG_ARGISNULL(8)) {
        input.id.emplace();
        std::memcpy(input.id->data(), PG_GETARG_UUID_P(8)->data, UUID_LEN);
    }
    input.seen = bigint_argument(fcinfo, 9);
    input.server = text_argument(fcinfo, 10);
    input.stamp = bigint_argument(fcinfo, 11);

    DeltaApplication(extension_of(fcinfo), {&input, 1}, true).run();

    Datum values[result_columns];
    bool nulls[result_columns];
    fill_result(input, 1, values, nulls);
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

SYNCKIT_FUNCTION(synckit_apply_deltas)
{
    Jsonb* deltas = PG_GETARG_JSONB_P(0);
    if (!JB_ROOT_IS_ARRAY(deltas) || JB_ROOT_IS_SCALAR(deltas))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("deltas must be a JSON array"),
                 errhint("A single delta is an array of one object, or synckit_apply_delta().")));
    size_t count = JB_ROOT_COUNT(deltas);
    auto* inputs = static_cast<DeltaInput*>(
        palloc_extended(sizeof(DeltaInput) * (count + 1), MCXT_ALLOC_HUGE));
    JsonbIterator* iterator = JsonbIteratorInit(&deltas->root);
    JsonbValue element;
    size_t filled = 0;
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &element, true)) {
        if (token != WJB_ELEM)
            continue;
        CHECK_FOR_INTERRUPTS();
        if (element.type != jbvBinary || !JsonContainerIsObject(element.val.binary.data))
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("deltas must be an array of JSON objects"),
                            errdetail("Element %zu is none.", filled + 1)));
        DeltaInput& input = *new (&inputs[filled++]) DeltaInput();
        CaughtError refusal;
        if (!read_json_delta(element.val.binary.data, input, refusal)) {
            input.refusal = static_cast<CaughtError*>(palloc(sizeof(CaughtError)));
            *input.refusal = refusal;
        }
    }
    ReturnSetInfo* result = begin_result_set(fcinfo);
    require_result_type(result->setDesc);
    DeltaApplication(extension_of(fcinfo), {inputs, filled}, false).run();

    for (size_t i = 0; i < filled; ++i) {
        Datum values[result_columns];
        bool nulls[result_columns];
        fill_result(inputs[i], static_cast<int64_t>(i) + 1, values, nulls);
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return Datum(0);
}

SYNCKIT_FUNCTION(synckit_uuidv7)
{
    return uuid_datum(new_delta_id(GetCurrentTimestamp()));
}
