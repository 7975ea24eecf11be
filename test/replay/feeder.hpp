#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/postgres.hpp"
#include "recording.hpp"

namespace synckit::replay {

using Clock = std::chrono::steady_clock;

struct FeedOptions {
    std::string database_url;
    size_t batch = 100;
    double rate = 0; // deltas a second; 0: as fast as they are taken
    std::chrono::seconds retry{0};
    bool async_commit = false;
    size_t rollbacks = 0; // before every n-th batch one that is rolled back; 0: none
};

/* What became of one delta. */
struct Fed {
    std::string outcome; // 'applied', 'superseded', 'duplicate', or 'refused'
    Clock::time_point sent;
    Clock::time_point answered;
};

struct FeedResult {
    std::vector<Fed> deltas; // as recorded
    std::vector<std::string> refusals;
    std::set<std::string> rolled_back; // ids
    size_t lost_in_crash = 0; // answered, then gone, then sent again; with asynchronous commit only
    std::vector<std::string> heard_but_lost; // published, then lost in a crash
    unsigned reconnections = 0;
    std::chrono::duration<double> elapsed{};
};

/* Sends recorded deltas to synckit_apply_deltas() in order, a batch a call, as a client of the
 * database would. */
class Feeder {
  public:
    /* `was_heard(id)`: whether a subscriber has had this delta. `on_progress(n)`: n deltas are
     * done. */
    Feeder(FeedOptions options, const std::vector<RecordedDelta>& deltas,
           std::function<bool(const std::string&)> was_heard,
           std::function<void(size_t)> on_progress);

    FeedResult run();

  private:
    void connect();
    void reconnect(const PostgresError& loss);
    size_t first_not_stored(size_t end);
    void feed_batch(size_t begin, size_t end);
    void take_answers(const PostgresResult& answers, size_t begin, size_t end);
    void roll_back_batch(size_t begin, size_t end);
    std::string batch_text(size_t begin, size_t end, bool to_roll_back) const;
    void keep_pace(Clock::time_point start, size_t done) const;

    const FeedOptions options_;
    const std::vector<RecordedDelta>& deltas_;
    const std::function<bool(const std::string&)> was_heard_;
    const std::function<void(size_t)> on_progress_;
    std::optional<PostgresConnection> database_;
    std::map<std::string, int64_t> seen_; // document: the greatest lamport that we were shown
    std::map<size_t, std::string> refusals_;
    FeedResult result_;
};

} // namespace synckit::replay
