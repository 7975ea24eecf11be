#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/postgres.hpp"
#include "feeder.hpp"
#include "listener.hpp"

namespace synckit::replay {

/* A delta that stands in the database's log. */
struct Committed {
    std::string id;
    std::string document;
    int64_t version;
};

std::vector<Committed> read_log(PostgresConnection& database);

/* The version of every document, from the log: what was there before we came. */
std::map<std::string, int64_t> read_versions(PostgresConnection& database);

/* A promise that was not kept. */
struct Violation {
    std::string promise;
    size_t count = 0;
    std::vector<std::string> examples; // some of them
};

/* Collects the cases in which promises are not kept. */
class Findings {
  public:
    void add(const std::string& promise, const std::string& example);
    const std::vector<Violation>& violations() const { return violations_; }

  private:
    std::vector<Violation> violations_;
};

/* Every delta that was committed after `before` has arrived. */
void check_all_arrived(const std::vector<Committed>& log,
                       const std::map<std::string, int64_t>& before, const Heard& heard,
                       Findings& findings);

/* What arrived is committed, as it arrived, and none of it was rolled back. `log` was read after
 * the last arrival. */
void check_only_committed(const std::vector<Committed>& log, const FeedResult& fed,
                          const Heard& heard, Findings& findings);

/* The first arrivals of a document rise by one, from what it had before or earlier. */
void check_order(const std::map<std::string, int64_t>& before, const Heard& heard,
                 Findings& findings);

/* No delta was refused, none lost after it had been published, no message was odd. */
void check_conduct(const FeedResult& fed, const Heard& heard, Findings& findings);

/* The documents that stand are those of the file `{"documentId": state, …}`. Returns how many
 * stand. */
size_t check_documents(PostgresConnection& database, const std::string& final_path,
                       Findings& findings);

} // namespace synckit::replay
