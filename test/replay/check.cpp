#include "check.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "redis/printable.hpp"

namespace synckit::replay {
namespace {

constexpr size_t max_examples = 10;

std::string name_of(const std::string& document, int64_t version, const std::string& id)
{
    return printable(document) + " version " + std::to_string(version) + " (" + printable(id) + ")";
}

int64_t version_before(const std::map<std::string, int64_t>& before, const std::string& document)
{
    const auto found = before.find(document);
    return found == before.end() ? 0 : found->second;
}

} // namespace

std::vector<Committed> read_log(PostgresConnection& database)
{
    const auto rows = database.query("SELECT id, document_id, version FROM synckit.deltas");
    std::vector<Committed> log;
    log.reserve(static_cast<size_t>(rows.rows()));
    for (int row = 0; row < rows.rows(); ++row)
        log.push_back({std::string(rows.text(row, "id")),
                       std::string(rows.text(row, "document_id")), rows.number(row, "version")});
    return log;
}

std::map<std::string, int64_t> read_versions(PostgresConnection& database)
{
    const auto rows = database.query(
        "SELECT document_id, max(version) AS version FROM synckit.deltas GROUP BY document_id");
    std::map<std::string, int64_t> versions;
    for (int row = 0; row < rows.rows(); ++row)
        versions.emplace(rows.text(row, "document_id"), rows.number(row, "version"));
    return versions;
}

void Findings::add(const std::string& promise, const std::string& example)
{
    auto found = std::find_if(violations_.begin(), violations_.end(),
                              [&](const Violation& v) { return v.promise == promise; });
    if (found == violations_.end())
        found = violations_.insert(violations_.end(), Violation{promise, 0, {}});
    ++found->count;
    if (found->examples.size() < max_examples)
        found->examples.push_back(example);
}

void check_all_arrived(const std::vector<Committed>& log,
                       const std::map<std::string, int64_t>& before, const Heard& heard,
                       Findings& findings)
{
    std::unordered_set<std::string_view> arrived;
    for (const Arrival& arrival : heard.first)
        arrived.insert(arrival.id);
    for (const Committed& delta : log)
        if (delta.version > version_before(before, delta.document) && !arrived.contains(delta.id))
            findings.add("every committed delta arrives",
                         name_of(delta.document, delta.version, delta.id));
}

void check_only_committed(const std::vector<Committed>& log, const FeedResult& fed,
                          const Heard& heard, Findings& findings)
{
    std::unordered_map<std::string_view, const Committed*> committed;
    for (const Committed& delta : log)
        committed.emplace(delta.id, &delta);
    for (const Arrival& arrival : heard.first) {
        const std::string name = name_of(arrival.document, arrival.version, arrival.id);
        const auto found = committed.find(arrival.id);
        if (fed.rolled_back.contains(arrival.id))
            findings.add("nothing arrives that was rolled back", name);
        else if (found == committed.end())
            findings.add("nothing arrives that is not committed", name);
        else if (found->second->document != arrival.document ||
                 found->second->version != arrival.version)
            findings.add("what arrives is what is committed",
                         name + " is committed as " +
                             name_of(found->second->document, found->second->version, arrival.id));
    }
}

void check_order(const std::map<std::string, int64_t>& before, const Heard& heard,
                 Findings& findings)
{
    std::map<std::string, int64_t> last;
    for (const Arrival& arrival : heard.first) {
        const auto [known, is_first] = last.try_emplace(arrival.document, arrival.version);
        if (is_first) {
            // What was committed before we listened may have been published already, or not yet.
            const int64_t latest = version_before(before, arrival.document) + 1;
            if (arrival.version > latest)
                findings.add("per document, versions arrive in order and without gaps",
                             printable(arrival.document) + " begins with version " +
                                 std::to_string(arrival.version) + " instead of " +
                                 std::to_string(latest));
            continue;
        }
        if (arrival.version != known->second + 1)
            findings.add("per document, versions arrive in order and without gaps",
                         printable(arrival.document) + ": version " +
                             std::to_string(arrival.version) + " after " +
                             std::to_string(known->second));
        known->second = arrival.version;
    }
}

void check_conduct(const FeedResult& fed, const Heard& heard, Findings& findings)
{
    for (const std::string& refusal : fed.refusals)
        findings.add("no recorded delta is refused", refusal);
    for (const std::string& lost : fed.heard_but_lost)
        findings.add("nothing is published before it is durable", lost);
    for (const std::string& oddity : heard.oddities)
        findings.add("every message is what it should be", oddity);
}

size_t check_documents(PostgresConnection& database, const std::string& final_path,
                       Findings& findings)
{
    std::ifstream file(final_path);
    if (!file)
        throw std::system_error(errno, std::generic_category(), "cannot read " + final_path);
    auto expected = nlohmann::json::parse(file).get<std::map<std::string, nlohmann::json>>();

    const std::string promise = "the documents that stand are those expected";
    const auto rows = database.query("SELECT id, state FROM synckit.documents ORDER BY id");
    for (int row = 0; row < rows.rows(); ++row) {
        const std::string document(rows.text(row, "id"));
        const auto found = expected.find(document);
        if (found == expected.end()) {
            findings.add(promise, printable(document) + " should not be there");
            continue;
        }
        const auto state = nlohmann::json::parse(rows.text(row, "state"));
        if (state != found->second) {
            const auto difference = nlohmann::json::diff(found->second, state);
            findings.add(promise, printable(document) +
                                      " differs: " + printable(difference.front().dump(), 300));
        }
        expected.erase(found);
    }
    for (const auto& [document, state] : expected)
        findings.add(promise, printable(document) + " is missing");
    return static_cast<size_t>(rows.rows());
}

} // namespace synckit::replay
