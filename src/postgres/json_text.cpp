#include "postgres/json_text.hpp"

#include <algorithm>
#include <cstring>

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

/* Of numeric.c: the short form holds at most 256 digits before the point and 63 behind it. */
bool is_short(Numeric number)
{
    uint16 header;
    std::memcpy(&header, VARDATA_ANY(number), sizeof(header));
    return (header & 0xC000) == 0x8000;
}

bool is_overlong(Numeric number)
{
    if (is_short(number))
        return false;
    char* text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
    bool overlong = std::strlen(text) > std::max<size_t>(1000, 4 * VARSIZE_ANY(number));
    pfree(text);
    return overlong;
}

} // namespace

bool has_overlong_number(Jsonb* json)
{
    JsonbIterator* iterator = JsonbIteratorInit(&json->root);
    JsonbValue value;
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, false)) {
        CHECK_FOR_INTERRUPTS();
        if ((token == WJB_ELEM || token == WJB_VALUE) && value.type == jbvNumeric &&
            is_overlong(value.val.numeric))
            return true;
    }
    return false;
}

bool is_text_longer(Jsonb* json, size_t limit)
{
    if (VARSIZE(json) <= limit / 64)
        return false;
    StringInfoData text;
    initStringInfo(&text);
    bool fits = append_json_text(&text, &json->root, limit);
    pfree(text.data);
    return !fits;
}

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
