#include "feeder.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include "cli/report.hpp"
#include "redis/printable.hpp"

namespace synckit::replay {
namespace {

using namespace std::chrono_literals;

constexpr auto pause_between_attempts = 200ms;
constexpr auto apply_deltas = "SELECT * FROM synckit_apply_deltas($1::jsonb)";

} // namespace

Feeder::Feeder(FeedOptions options, const std::vector<RecordedDelta>& deltas,
               std::function<bool(const std::string&)> was_heard,
               std::function<void(size_t)> on_progress)
    : options_(std::move(options)), deltas_(deltas), was_heard_(std::move(was_heard)),
      on_progress_(std::move(on_progress))
{
}

FeedResult Feeder::run()
{
    result_.deltas.resize(deltas_.size());
    connect();
    const auto start = Clock::now();
    size_t batches = 0;
    for (size_t begin = 0; begin < deltas_.size();) {
        const size_t end = std::min(begin + options_.batch, deltas_.size());
        try {
            if (options_.rollbacks > 0 && batches % options_.rollbacks == 0)
                roll_back_batch(begin, end);
            feed_batch(begin, end);
        } catch (const PostgresError& error) {
            if (!error.connection_lost)
                throw;
            reconnect(error);
            // An asynchronous commit that was answered may be gone after a crash, a synchronous one
            // never.
            if (options_.async_commit)
                begin = first_not_stored(begin);
            continue; // what was stored nevertheless is answered as a duplicate
        }
        ++batches;
        begin = end;
        on_progress_(end);
        keep_pace(start, end);
    }
    result_.elapsed = Clock::now() - start;
    for (auto& [index, text] : refusals_)
        result_.refusals.push_back(std::move(text));
    return std::move(result_);
}

void Feeder::connect()
{
    database_.emplace(options_.database_url);
    if (options_.async_commit)
        database_->query("SET synchronous_commit = off");
}

void Feeder::reconnect(const PostgresError& loss)
{
    const auto give_up = Clock::now() + options_.retry;
    database_.reset();
    if (options_.retry == 0s)
        throw loss;
    report("WARNING", "lost the connection to Postgres: trying again",
           loss.detail.empty() ? loss.message : loss.detail);
    for (;;) {
        try {
            connect();
            ++result_.reconnections;
            return;
        } catch (const PostgresError& error) {
            if (!error.connection_lost || Clock::now() > give_up)
                throw;
        }
        std::this_thread::sleep_for(pause_between_attempts);
    }
}

/* Where the batches end that are still stored: a crash takes the last ones. `end` is where we were.
 */
size_t Feeder::first_not_stored(size_t end)
{
    while (end > 0) {
        const size_t begin = end - std::min(options_.batch, end);
        std::string ids = "{";
        for (size_t i = begin; i < end; ++i)
            ids += (i > begin ? "," : "") + deltas_[i].id;
        const auto stored = database_->query(
            "SELECT count(*) FROM synckit.deltas WHERE id = ANY ($1::uuid[])", {ids + "}"});
        if (stored.number(0, "count") > 0)
            break;
        result_.lost_in_crash += end - begin;
        for (size_t i = begin; i < end; ++i)
            if (was_heard_(deltas_[i].id))
                result_.heard_but_lost.push_back(deltas_[i].id + " of " +
                                                 printable(deltas_[i].document));
        end = begin;
    }
    return end;
}

void Feeder::feed_batch(size_t begin, size_t end)
{
    const std::string text = batch_text(begin, end, false);
    const auto sent = Clock::now();
    for (size_t i = begin; i < end; ++i)
        if (Fed& fed = result_.deltas[i]; fed.sent == Clock::time_point{})
            fed.sent = sent;
    const PostgresResult answers = database_->query(apply_deltas, {text});
    if (static_cast<size_t>(answers.rows()) != end - begin)
        throw std::runtime_error("synckit_apply_deltas() answered with " +
                                 std::to_string(answers.rows()) + " rows to " +
                                 std::to_string(end - begin) + " deltas");
    take_answers(answers, begin, end);
}

void Feeder::take_answers(const PostgresResult& answers, size_t begin, size_t end)
{
    const auto answered = Clock::now();
    for (size_t i = begin; i < end; ++i) {
        const int row = static_cast<int>(i - begin);
        const RecordedDelta& delta = deltas_[i];
        Fed& fed = result_.deltas[i];
        fed.answered = answered;
        if (!answers.is_null(row, "error_code")) {
            fed.outcome = "refused";
            refusals_[i] = delta.id + " of " + printable(delta.document) + ": " +
                           std::string(answers.text(row, "error_code")) + ": " +
                           printable(answers.text(row, "error_message"));
            continue;
        }
        if (answers.text(row, "id") != delta.id ||
            answers.text(row, "document_id") != delta.document)
            throw std::runtime_error("row " + std::to_string(row + 1) +
                                     " of the answer is not about delta " + delta.id + " of " +
                                     delta.document);
        fed.outcome = answers.text(row, "outcome");
        int64_t& seen = seen_[delta.document];
        seen = std::max<int64_t>(seen, answers.number(row, "lamport"));
    }
}

void Feeder::roll_back_batch(size_t begin, size_t end)
{
    for (size_t i = begin; i < end; ++i)
        result_.rolled_back.insert(deltas_[i].other_id);
    database_->query("BEGIN");
    database_->query(apply_deltas, {batch_text(begin, end, true)});
    database_->query("ROLLBACK");
}

std::string Feeder::batch_text(size_t begin, size_t end, bool to_roll_back) const
{
    std::string text = "[";
    for (size_t i = begin; i < end; ++i) {
        const RecordedDelta& delta = deltas_[i];
        text += i > begin ? ",{\"id\":\"" : "{\"id\":\"";
        text += to_roll_back ? delta.other_id : delta.id;
        text += "\"," + delta.members;
        if (const auto seen = seen_.find(delta.document); seen != seen_.end())
            text += ",\"seen\":" + std::to_string(seen->second);
        text += "}";
    }
    return text + "]";
}

void Feeder::keep_pace(Clock::time_point start, size_t done) const
{
    if (options_.rate > 0)
        std::this_thread::sleep_until(
            start + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(static_cast<double>(done) / options_.rate)));
}

} // namespace synckit::replay
