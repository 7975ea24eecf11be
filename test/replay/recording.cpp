#include "recording.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <stdexcept>
#include <system_error>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "cli/json_members.hpp"

namespace synckit::replay {
namespace {

std::string make_id(const char* salt, const std::string& document, const std::string& client,
                    int64_t number)
{
    static const boost::uuids::name_generator_sha1 generate(boost::uuids::ns::oid());
    std::string name = salt;
    for (const std::string& part : {document, client, std::to_string(number)})
        name += '\0' + part;
    return to_string(generate(name));
}

} // namespace

std::vector<RecordedDelta> read_recording(const std::string& path)
{
    std::ifstream file(path);
    if (!file)
        throw std::system_error(errno, std::generic_category(), "cannot read " + path);

    std::vector<RecordedDelta> deltas;
    std::map<std::pair<std::string, std::string>, int64_t> numbers;
    std::string line;
    for (size_t line_number = 1; std::getline(file, line); ++line_number) {
        const auto recorded = JsonMembers::of(line);
        if (!recorded)
            throw std::runtime_error(path + ", line " + std::to_string(line_number) +
                                     ": not a JSON object");
        RecordedDelta delta;
        delta.document = recorded->text("documentId");
        const std::string client = recorded->text("clientId");
        const int64_t number = ++numbers[{delta.document, client}];
        delta.id = make_id("delta", delta.document, client, number);
        delta.other_id = make_id("rolled back", delta.document, client, number);
        for (const char* key :
             {"documentId", "clientId", "operationType", "fieldPath", "value", "timestamp"})
            if (const std::string_view* value = recorded->find(key))
                delta.members.append("\"").append(key).append("\":").append(*value).append(",");
        delta.members += "\"clockValue\":" + std::to_string(number);
        deltas.push_back(std::move(delta));
    }
    return deltas;
}

} // namespace synckit::replay
