#include "storage/delta_input.hpp"

#include <charconv>

#include "postgres/json_text.hpp"
#include "postgres/settings.hpp"

extern "C" {
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

#include "base/utf8.hpp"

namespace synckit {

namespace {

bool refuse(CaughtError& refusal, const char* sqlstate, std::string_view message,
            std::string_view detail = {}, std::string_view hint = {})
{
    /* Through an Error, so that there is one way to describe a refusal. */
    return try_pure(refusal, [&] {
        throw Error(sqlstate, std::string(message), std::string(detail), std::string(hint));
    });
}

constexpr size_t max_server_id_bytes = 255;

/* Of a value whose text is needed at all: to derive an id, to break a tie. */

JsonbValue* member(JsonbContainer* object, std::string_view key, JsonbValue* place)
{
    return getKeyJsonValueFromContainer(object, key.data(), static_cast<int>(key.size()), place);
}

/* The keys of a delta object, one after the other; the first that is wrong ends it. */
class ObjectReader {
  public:
    ObjectReader(JsonbContainer* object, CaughtError& refusal) : object_(object), refusal_(refusal)
    {
    }

    bool failed() const { return failed_; }

    void text(const char* key, std::optional<std::string_view>& to)
    {
        JsonbValue place, *found = take(key, &place);
        if (!found)
            return;
        if (found->type != jbvString)
            return fail(key, "a string");
        to = {found->val.string.val, static_cast<size_t>(found->val.string.len)};
    }

    void whole_number(const char* key, std::optional<int64_t>& to)
    {
        JsonbValue place, *found = take(key, &place);
        if (!found)
            return;
        std::string_view digits = number_text(found);
        int64_t number = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (digits.empty() || end != digits.data() + digits.size())
            return fail(key, "a whole number");
        if (error != std::errc())
            return out_of_range(sqlstate::numeric_value_out_of_range, key);
        to = number;
    }

    /* Milliseconds since 1970; fractions count to the microsecond, which is what a timestamptz
     * holds. */
    void milliseconds(const char* key, std::optional<TimestampTz>& to)
    {
        JsonbValue place, *found = take(key, &place);
        if (!found)
            return;
        std::string_view digits = number_text(found);
        if (digits.empty())
            return fail(key, "a number of milliseconds since 1970");
        int64_t ms = 0, us = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
        if (error != std::errc())
            return out_of_range(sqlstate::datetime_field_overflow, key);
        if (end != digits.data() + digits.size()) {
            std::string_view fraction(end + 1,
                                      static_cast<size_t>(digits.data() + digits.size() - end - 1));
            for (size_t i = 0; i < 3; ++i)
                us = us * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
            if (digits[0] == '-')
                us = -us;
        }
        int64_t since_1970;
        if (__builtin_mul_overflow(ms, int64_t{1000}, &since_1970) ||
            __builtin_add_overflow(since_1970, us - postgres_epoch_us, &since_1970) ||
            !IS_VALID_TIMESTAMP(since_1970))
            return out_of_range(sqlstate::datetime_field_overflow, key);
        to = since_1970;
    }

    void uuid(const char* key, std::optional<Uuid>& to)
    {
        std::optional<std::string_view> text_form;
        text(key, text_form);
        if (!text_form || failed_)
            return;
        char lower[uuid_text_size];
        Uuid id;
        bool valid = text_form->size() == uuid_text_size;
        for (size_t i = 0; valid && i < uuid_text_size; ++i)
            lower[i] =
                static_cast<char>(pg_ascii_tolower(static_cast<unsigned char>((*text_form)[i])));
        if (!valid || !uuid_from_text({lower, uuid_text_size}, id.data())) {
            failed_ = true;
            refuse(refusal_, sqlstate::invalid_text_representation,
                   "\"id\" of a delta is not a UUID",
                   psprintf("It is \"%s\".", to_cstring(utf8_prefix(*text_form, 60))),
                   "Leave it out to get one.");
            return;
        }
        to = id;
    }

    void clock(const char* key, std::optional<Bytes>& to)
    {
        JsonbValue place, *found = take(key, &place);
        if (!found)
            return;
        if (found->type != jbvBinary || !JsonContainerIsObject(found->val.binary.data))
            return fail(key, "an object of counters");
        std::string_view text_form;
        failed_ = !canonical_text(&JsonbValueToJsonb(found)->root, text_form, refusal_);
        if (failed_)
            return;
        ContextMemory memory(CurrentMemoryContext);
        Bytes clock;
        failed_ = !try_pure(refusal_, [&] { clock = clock_from_text(text_form, memory); });
        to = clock;
    }

    void json(const char* key, Jsonb*& to)
    {
        JsonbValue place, *found = failed_ ? nullptr : member(object_, key, &place);
        if (found)
            to = JsonbValueToJsonb(found);
    }

  private:
    /* The key's value; none if it is missing or null, or if a key before it was wrong. */
    JsonbValue* take(const char* key, JsonbValue* place)
    {
        JsonbValue* found = failed_ ? nullptr : member(object_, key, place);
        return found && found->type != jbvNull ? found : nullptr;
    }

    static std::string_view number_text(JsonbValue* value)
    {
        if (value->type != jbvNumeric)
            return {};
        return DatumGetCString(
            DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
    }

    void fail(const char* key, const char* expected)
    {
        failed_ = true;
        refuse(refusal_, sqlstate::invalid_parameter_value,
               psprintf("\"%s\" of a delta must be %s", key, expected),
               "It is something else, or written as something else.",
               "A key that is null counts as missing; numbers are not written as strings.");
    }

    void out_of_range(const char* sqlstate, const char* key)
    {
        failed_ = true;
        refuse(refusal_, sqlstate, psprintf("\"%s\" of a delta is out of range", key),
               "It does not fit the column that it is recorded in.",
               "Leave it out if you have none.");
    }

    JsonbContainer* object_;
    CaughtError& refusal_;
    bool failed_ = false;
};

bool refuse_long_text(CaughtError& refusal)
{
    return refuse(refusal, sqlstate::program_limit_exceeded, "a value is too long as text",
                  "It has more than 256 MB.", "Numbers with an exponent are written out.");
}

/* The members that a delta writes, in the memory of its value. */
std::span<Member> make_members(const DeltaInput& input, bool with_texts)
{
    JsonbValue* value = jsonb_root(input.value);
    auto text = [with_texts](JsonbValue* v) {
        return with_texts ? json_text(v) : std::string_view();
    };
    if (input.delta.operation == Operation::set) {
        auto* only = static_cast<Member*>(palloc(sizeof(Member)));
        *only = {*input.field, value, text(value)};
        return {only, 1};
    }
    size_t count = JsonContainerSize(&input.value->root), filled = 0;
    auto* members = static_cast<Member*>(palloc(sizeof(Member) * (count + 1)));
    JsonbIterator* iterator = JsonbIteratorInit(&input.value->root);
    JsonbValue key;
    auto* place = static_cast<JsonbValue*>(palloc(sizeof(JsonbValue) * (count + 1)));
    while (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &key, true)) {
        if (token != WJB_KEY)
            continue;
        JsonbValue* v = &place[filled];
        JsonbIteratorNext(&iterator, v, true);
        members[filled++] = {
            {key.val.string.val, static_cast<size_t>(key.val.string.len)}, v, text(v)};
    }
    return {members, filled};
}

/* Throws for what no document would accept. */
void check_input(DeltaInput& input, bool may_stamp)
{
    auto required = [](const std::optional<std::string_view>& value, const char* name,
                       const char* hint) {
        if (!value)
            throw Error(sqlstate::null_value_not_allowed,
                        std::string(name) + " of a delta must not be null",
                        "Nothing says what is to be written where, or by whom.", hint);
    };
    required(input.document, "document id", "Pass document_id (\"documentId\" in JSON).");
    required(input.client, "client id", "Pass client_id (\"clientId\" in JSON).");
    required(input.operation, "operation type",
             "Pass operation_type (\"operationType\" in JSON): set, delete or merge.");
    check_document_id(*input.document);
    ClientId::from_text(*input.client);
    Operation operation = operation_from_text(*input.operation);

    if (operation == Operation::merge)
        input.field = input.field.value_or("");
    required(input.field, "field path",
             "Pass field_path (\"fieldPath\" in JSON); '' with delete is the whole document.");
    bool names_field =
        operation == Operation::set || (operation == Operation::erase && !input.field->empty());
    if (names_field)
        check_field_name(*input.field);
    else if (!input.field->empty())
        throw Error(sqlstate::invalid_parameter_value, "field path of a merge must be empty",
                    "A merge names its fields in the members of its value.",
                    "To write one field, use set.");

    if (operation == Operation::erase && input.value)
        throw Error(sqlstate::invalid_parameter_value, "a delete takes no value",
                    "A deleted field has none.", "Leave the value out, or use set.");
    if (operation != Operation::erase && !input.value)
        throw Error(sqlstate::null_value_not_allowed, "value of a set or merge must not be null",
                    "SQL NULL is no value.", "JSON null is one: 'null'::jsonb.");
    if (input.value &&
        VARSIZE(input.value) - VARHDRSZ > static_cast<size_t>(settings::max_value_bytes))
        throw Error(sqlstate::program_limit_exceeded, "value of a delta is too large",
                    "It has " + std::to_string(VARSIZE(input.value) - VARHDRSZ) +
                        " bytes as jsonb, more than synckit.max_value_bytes (" +
                        std::to_string(settings::max_value_bytes) + ").",
                    "Split the value into several fields, or raise the setting.");
    if (operation == Operation::merge && !JB_ROOT_IS_OBJECT(input.value))
        throw Error(sqlstate::invalid_parameter_value, "value of a merge must be a JSON object",
                    "Each of its members is written as a field.", "To write one field, use set.");
    if (input.timestamp && TIMESTAMP_NOT_FINITE(*input.timestamp))
        throw Error(sqlstate::datetime_field_overflow, "timestamp of a delta must be finite",
                    "It is infinity or -infinity.", "Leave it out to mean now.");
    if (input.stamp && !may_stamp)
        throw Error("42501", "permission denied to bring a stamp",
                    "Only the owner of synckit.deltas, a superuser and members of role "
                    "synckit_replicator may.",
                    "Leave the stamp out: it is decided when the delta is merged.");

    if (input.server && input.server->size() > max_server_id_bytes)
        throw Error(sqlstate::string_data_right_truncation, "server id is too long",
                    "It has " + std::to_string(input.server->size()) +
                        " bytes; at most 255 are allowed.",
                    "Name the server by a host name or a UUID.");

    input.delta.client = *input.client;
    input.delta.operation = operation;
    input.delta.field = *input.field;
    input.delta.clock_value = input.clock_value;
    if (input.clock)
        input.delta.clock = ClockView(*input.clock);
    input.delta.seen = input.seen;
    if (input.timestamp)
        input.delta.timestamp = unix_us(*input.timestamp);
    input.delta.stamp = input.stamp;
}

/* A row with more text than Postgres can build could be neither read nor dumped. */
bool check_text_of_value(Jsonb* value, CaughtError& refusal)
{
    if (has_overlong_number(value))
        return refuse(refusal, sqlstate::numeric_value_out_of_range,
                      "a number in the value is too long when it is written out",
                      "It has more than 1000 characters, and more than four times its bytes.",
                      "Numbers with a large exponent are written out.");
    if (is_text_longer(value, most_value_text_bytes))
        return refuse_long_text(refusal);
    return true;
}

} // namespace

Uuid new_delta_id(TimestampTz now)
{
    /* Drawn for many ids at once: a call of the generator costs more than its bytes. */
    static std::array<std::array<uint8_t, 10>, 64> random;
    static size_t left = 0;
    if (left == 0) {
        if (!pg_strong_random(random.data(), sizeof(random)))
            ereport(ERROR,
                    (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
        left = random.size();
    }
    return make_uuid_v7(unix_us(now) / 1000, random[--left]);
}

JsonbValue* jsonb_root(Jsonb* jsonb)
{
    auto* value = static_cast<JsonbValue*>(palloc(sizeof(JsonbValue)));
    if (JB_ROOT_IS_SCALAR(jsonb)) {
        JsonbIterator* iterator = JsonbIteratorInit(&jsonb->root);
        JsonbValue array;
        JsonbIteratorNext(&iterator, &array, true);
        JsonbIteratorNext(&iterator, value, true);
    } else {
        value->type = jbvBinary;
        value->val.binary.data = &jsonb->root;
        value->val.binary.len = static_cast<int>(VARSIZE(jsonb) - VARHDRSZ);
    }
    return value;
}

bool canonical_text(JsonbContainer* json, std::string_view& text, CaughtError& refusal)
{
    StringInfoData buffer;
    initStringInfo(&buffer);
    if (!append_json_text(&buffer, json, most_value_text_bytes))
        return refuse_long_text(refusal);
    text = {buffer.data, static_cast<size_t>(buffer.len)};
    return true;
}

std::string_view json_text(JsonbValue* value)
{
    std::string_view text;
    CaughtError refusal;
    if (!canonical_text(&JsonbValueToJsonb(value)->root, text, refusal))
        raise(refusal);
    return text;
}

bool read_json_delta(JsonbContainer* object, DeltaInput& input, CaughtError& refusal)
{
    ObjectReader reader(object, refusal);
    reader.text("documentId", input.document);
    reader.text("clientId", input.client);
    reader.text("operationType", input.operation);
    reader.text("fieldPath", input.field);
    reader.text("serverId", input.server);
    reader.uuid("id", input.id);
    reader.whole_number("clockValue", input.clock_value);
    reader.whole_number("seen", input.seen);
    reader.whole_number("stamp", input.stamp);
    reader.milliseconds("timestamp", input.timestamp);
    reader.clock("clock", input.clock);
    reader.json("value", input.value);
    return !reader.failed();
}

bool prepare_delta(DeltaInput& input, bool may_stamp, bool with_texts, CaughtError& refusal)
{
    if (!try_pure(refusal, [&] { check_input(input, may_stamp); }))
        return false;
    if (input.value && !check_text_of_value(input.value, refusal))
        return false;
    if (input.delta.operation != Operation::erase) {
        std::span<Member> members = make_members(input, with_texts);
        input.delta.members = members;
        if (input.delta.operation == Operation::merge && !try_pure(refusal, [&] {
                for (const Member& member : members)
                    check_field_name(member.name);
            }))
            return false;
    }
    if (!input.id && input.clock_value && input.timestamp) {
        int64_t ms = unix_us(*input.timestamp) / 1000;
        DeltaName name{*input.document,
                       *input.client,
                       *input.clock_value,
                       *input.operation,
                       *input.field,
                       {},
                       ms};
        if (input.value && !canonical_text(&input.value->root, name.value, refusal))
            return false;
        if (!try_pure(refusal, [&] { input.id = derive_delta_id(name); }))
            return false;
    }
    return true;
}

} // namespace synckit
