#include "postgres/json_text.hpp"

extern "C" {
#include "utils/json.h"
#include "utils/numeric.h"
}

namespace synckit {

namespace {

void append_scalar(StringInfo to, const JsonbValue& value)
{
    switch (value.type) {
    case jbvNull:
        appendStringInfoString(to, "null");
        break;
    case jbvBool:
        appendStringInfoString(to, value.val.boolean ? "true" : "false");
        break;
    case jbvNumeric: {
        char* digits =
            DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
        appendStringInfoString(to, digits);
        pfree(digits);
        break;
    }
    case jbvString:
        escape_json(to, pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len)));
        break;
    default:
        elog(ERROR, "unexpected jsonb value type %d", static_cast<int>(value.type));
    }
}

} // namespace

bool append_json_text(StringInfo to, JsonbContainer* json, size_t limit)
{
    size_t end = static_cast<size_t>(to->len) + limit;
    JsonbIterator* iterator = JsonbIteratorInit(json);
    JsonbValue value;
    bool first = true;       // of its container: no comma before it
    bool raw_scalar = false; // a scalar at the top is kept in an array of one
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, false)) {
        if (static_cast<size_t>(to->len) > end)
            return false;
        CHECK_FOR_INTERRUPTS();
        switch (token) {
        case WJB_BEGIN_ARRAY:
        case WJB_BEGIN_OBJECT:
            if (!first)
                appendStringInfoString(to, ", ");
            first = true;
            raw_scalar = token == WJB_BEGIN_ARRAY && value.val.array.rawScalar;
            if (!raw_scalar)
                appendStringInfoChar(to, token == WJB_BEGIN_ARRAY ? '[' : '{');
            break;
        case WJB_END_ARRAY:
        case WJB_END_OBJECT:
            if (!raw_scalar)
                appendStringInfoChar(to, token == WJB_END_ARRAY ? ']' : '}');
            first = false;
            break;
        case WJB_KEY:
            if (!first)
                appendStringInfoString(to, ", ");
            append_scalar(to, value);
            appendStringInfoString(to, ": ");
            first = true; // its value follows without a comma
            break;
        case WJB_ELEM:
        case WJB_VALUE:
            if (!first)
                appendStringInfoString(to, ", ");
            append_scalar(to, value);
            first = false;
            break;
        default:
            elog(ERROR, "unexpected jsonb iterator token %d", static_cast<int>(token));
        }
    }
    return static_cast<size_t>(to->len) <= end;
}

} // namespace synckit
