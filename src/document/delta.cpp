#include "document/delta.hpp"

#include "base/error.hpp"
#include "base/utf8.hpp"

#include "base/pure_only.hpp"

namespace synckit {

Operation operation_from_text(std::string_view word)
{
    if (word == "set")
        return Operation::set;
    if (word == "delete")
        return Operation::erase;
    if (word == "merge")
        return Operation::merge;
    throw Error(sqlstate::invalid_parameter_value,
                "unknown operation type \"" + std::string(utf8_prefix(word, 50)) + "\"",
                "An operation is \"set\", \"delete\" or \"merge\".",
                "They are written in lower case.");
}

const char* to_text(Operation operation)
{
    switch (operation) {
    case Operation::set:
        return "set";
    case Operation::erase:
        return "delete";
    case Operation::merge:
        return "merge";
    }
    return "";
}

void check_name(std::string_view name, const char* what, size_t limit)
{
    std::string range = "It has 1 to " + std::to_string(limit) + " characters.";
    if (name.empty())
        throw Error(sqlstate::invalid_parameter_value, std::string(what) + " must not be empty",
                    range, "Pass a name of one character at least.");
    /* A character has one byte at least: short names need no count. */
    if (name.size() > limit && utf8_characters(name) > limit)
        throw Error(sqlstate::string_data_right_truncation, std::string(what) + " is too long",
                    "It has " + std::to_string(utf8_characters(name)) + " characters; at most " +
                        std::to_string(limit) + " are allowed.",
                    "Take a shorter one: a hash of it, for example.");
}

void check_document_id(std::string_view id)
{
    check_name(id, "document id", 255);
}

void check_field_name(std::string_view name)
{
    check_name(name, "field name", 500);
}

} // namespace synckit
