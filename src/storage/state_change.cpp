#include "storage/state_change.hpp"

#include "bgworker/process/wakeup.hpp"
#include "postgres/settings.hpp"

extern "C" {
#include "utils/numeric.h"
}

namespace synckit {

namespace {

bool same_numeric(Numeric a, Numeric b)
{
    return VARSIZE_ANY(a) == VARSIZE_ANY(b) && std::memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

bool same_binary(const JsonbValue& a, const JsonbValue& b)
{
    return a.val.binary.len == b.val.binary.len &&
           std::memcmp(a.val.binary.data, b.val.binary.data,
                       static_cast<size_t>(a.val.binary.len)) == 0;
}

/* Whether two values have the same canonical text: 1.0 and 1.00 are equal numbers, and differ. */
bool same_text(JsonbValue& a, JsonbValue& b)
{
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case jbvNull:
        return true;
    case jbvBool:
        return a.val.boolean == b.val.boolean;
    case jbvString:
        return a.val.string.len == b.val.string.len &&
               std::memcmp(a.val.string.val, b.val.string.val,
                           static_cast<size_t>(a.val.string.len)) == 0;
    case jbvNumeric:
        return same_numeric(a.val.numeric, b.val.numeric) || json_text(&a) == json_text(&b);
    default:
        return same_binary(a, b) || json_text(&a) == json_text(&b);
    }
}

std::string_view name_of(const JsonbValue& key)
{
    return {key.val.string.val, static_cast<size_t>(key.val.string.len)};
}

DeltaInput delta_of(const OpenDocument& document, std::string_view client, const char* operation,
                    std::string_view field, Jsonb* value)
{
    DeltaInput input;
    input.document = datum_text(document.id);
    input.client = client;
    input.operation = operation;
    input.field = field;
    input.value = value;
    CaughtError refusal;
    if (!prepare_delta(input, false, false, refusal))
        raise(refusal);
    return input;
}

} // namespace

void check_state(const Jsonb* state)
{
    if (!state)
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("state of a document must not be null"),
                        errhint("A document without fields is '{}'; DELETE removes a document.")));
    if (!JB_ROOT_IS_OBJECT(state))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("state of a document must be a JSON object"),
                        errdetail("Each of its members is a field."),
                        errhint("Put the value into a field: jsonb_build_object('value', …).")));
    check_text_of_state(state);
}

std::string_view sql_client()
{
    return to_cstring(settings::client_id);
}

std::span<DeltaInput> deltas_of_state(const OpenDocument& document, Jsonb* state,
                                      std::string_view client)
{
    auto missing = make_array<std::string_view>(document.fields.size());
    size_t missing_count = 0, changed = 0, at = 0;
    JsonbParseState* merge = nullptr;
    pushJsonbValue(&merge, WJB_BEGIN_OBJECT, nullptr);
    auto pass_missing = [&](auto is_missing) { // both sides are in key order
        for (; at < document.fields.size() && is_missing(document.fields[at].name); ++at)
            missing[missing_count++] = document.fields[at].name;
    };

    JsonbIterator* iterator = JsonbIteratorInit(&state->root);
    JsonbValue key, value;
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &key, true)) {
        if (token != WJB_KEY)
            continue;
        JsonbIteratorNext(&iterator, &value, true);
        std::string_view name = name_of(key);
        pass_missing([&](std::string_view old) { return KeyOrder()(old, name); });
        if (at < document.fields.size() && document.fields[at].name == name)
            if (same_text(document.values[at++], value))
                continue;
        pushJsonbValue(&merge, WJB_KEY, &key);
        pushJsonbValue(&merge, WJB_VALUE, &value);
        ++changed;
    }
    pass_missing([](std::string_view) { return true; });
    JsonbValue* members = pushJsonbValue(&merge, WJB_END_OBJECT, nullptr);

    missing = missing.first(missing_count);
    std::ranges::sort(missing);
    auto deltas = make_array<DeltaInput>(missing_count + 1);
    size_t count = 0;
    if (changed > 0 || !document.stored.exists)
        deltas[count++] = delta_of(document, client, "merge", "", JsonbValueToJsonb(members));
    for (std::string_view name : missing)
        deltas[count++] = delta_of(document, client, "delete", name, nullptr);
    return deltas.first(count);
}

std::span<DeltaInput> deltas_of_deletion(const OpenDocument& document, std::string_view client)
{
    auto deltas = make_array<DeltaInput>(1);
    deltas[0] = delta_of(document, client, "delete", "", nullptr);
    return deltas;
}

void merge_all(OpenDocument& document, std::span<DeltaInput> deltas, ContextMemory& memory)
{
    for (DeltaInput& delta : deltas) {
        run_pure([&] { delta.verdict = document.apply(delta.delta, memory); });
        draw_sequence(delta);
    }
}

LoggedDelta settle(const OpenDocument& document, DeltaInput& delta)
{
    delta.id = new_delta_id(document.now);
    delta.timestamp = document.now;
    return {&delta, document.id};
}

void log_all(DeltaLog& log, const OpenDocument& document, std::span<DeltaInput> deltas)
{
    auto logged = make_array<LoggedDelta>(deltas.size());
    for (size_t i = 0; i < deltas.size(); ++i)
        logged[i] = settle(document, deltas[i]);
    log.write(logged);
    if (!deltas.empty())
        note_deltas_written(deltas.size());
}

} // namespace synckit
