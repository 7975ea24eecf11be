#include "summary.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace synckit::replay {
namespace {

std::optional<Summary::Lag> lag_of(std::vector<double> milliseconds)
{
    if (milliseconds.empty())
        return std::nullopt;
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](double share) {
        return milliseconds[static_cast<size_t>(share *
                                                static_cast<double>(milliseconds.size() - 1))];
    };
    return Summary::Lag{at(0.5), at(0.99), milliseconds.back()};
}

size_t count_of(const Summary& summary, const char* outcome)
{
    const auto found = summary.outcomes.find(outcome);
    return found == summary.outcomes.end() ? 0 : found->second;
}

void print_line(const char* name, const std::string& text)
{
    std::printf("  %-22s %s\n", name, text.c_str());
}

std::string lag_text(const std::optional<Summary::Lag>& lag)
{
    if (!lag)
        return "nothing to measure";
    char text[96];
    std::snprintf(text, sizeof text, "p50 %.1f ms, p99 %.1f ms, max %.1f ms", lag->p50, lag->p99,
                  lag->max);
    return text;
}

void print_feed(const Summary& s)
{
    char pace[96];
    std::snprintf(pace, sizeof pace, "%.0f deltas/s, %.2f s", s.rate, s.seconds);
    std::string reconnections;
    if (s.postgres_reconnections > 0)
        reconnections = ", " + std::to_string(s.postgres_reconnections) + " reconnections";
    print_line("deltas sent", std::to_string(s.recorded) + " (" + pace + reconnections + ")");
    print_line("  applied", std::to_string(count_of(s, "applied")));
    print_line("  superseded", std::to_string(count_of(s, "superseded")));
    print_line("  duplicates", std::to_string(count_of(s, "duplicate")));
    if (const size_t refused = count_of(s, "refused"); refused > 0)
        print_line("  refused", std::to_string(refused));
    if (s.lost_in_crash > 0)
        print_line("  lost, sent again", std::to_string(s.lost_in_crash));
    if (s.rolled_back > 0)
        print_line("deltas rolled back", std::to_string(s.rolled_back));

    std::string messages =
        std::to_string(s.messages) + " (" + std::to_string(s.repeats) + " repeats";
    if (s.redis_reconnections > 0)
        messages += ", " + std::to_string(s.redis_reconnections) + " resubscriptions";
    print_line("messages received", messages + ")");
    print_line("lag, sent to received", lag_text(s.lag_from_send));
    print_line("lag after the answer", lag_text(s.lag_from_answer));
}

nlohmann::ordered_json to_json(const std::optional<Summary::Lag>& lag)
{
    if (!lag)
        return nullptr;
    return {{"p50", lag->p50}, {"p99", lag->p99}, {"max", lag->max}};
}

} // namespace

void add_feed(Summary& summary, const FeedResult& fed)
{
    summary.recorded = fed.deltas.size();
    for (const Fed& delta : fed.deltas)
        ++summary.outcomes[delta.outcome];
    summary.rolled_back = fed.rolled_back.size();
    summary.seconds = fed.elapsed.count();
    summary.rate =
        summary.seconds > 0 ? static_cast<double>(summary.recorded) / summary.seconds : 0;
    summary.postgres_reconnections = fed.reconnections;
    summary.lost_in_crash = fed.lost_in_crash;
}

void add_heard(Summary& summary, const std::vector<RecordedDelta>& recorded, const FeedResult& fed,
               const Heard& heard)
{
    summary.messages = heard.messages;
    summary.repeats = heard.repeats;
    summary.broadcasts = heard.broadcasts;
    summary.epochs.assign(heard.epochs.begin(), heard.epochs.end());
    summary.redis_reconnections = heard.restored_times;

    std::unordered_map<std::string_view, Clock::time_point> arrived;
    for (const Arrival& arrival : heard.first)
        arrived.emplace(arrival.id, arrival.at);
    std::vector<double> from_send;
    std::vector<double> from_answer;
    for (size_t i = 0; i < recorded.size(); ++i) {
        const auto found = arrived.find(recorded[i].id);
        // Of a delta that an earlier run has stored, nothing can be said.
        if (found == arrived.end() || found->second < fed.deltas[i].sent)
            continue;
        const auto since = [&](Clock::time_point start) {
            const std::chrono::duration<double, std::milli> lag = found->second - start;
            return std::max(lag.count(), 0.0);
        };
        from_send.push_back(since(fed.deltas[i].sent));
        from_answer.push_back(since(fed.deltas[i].answered));
    }
    summary.lag_from_send = lag_of(std::move(from_send));
    summary.lag_from_answer = lag_of(std::move(from_answer));
}

void print_summary(const Summary& summary)
{
    if (summary.fed)
        print_feed(summary);
    print_line("documents standing", std::to_string(summary.documents));
    for (const Violation& violation : summary.violations) {
        std::printf("  NOT SO: %s: %zu cases\n", violation.promise.c_str(), violation.count);
        for (const std::string& example : violation.examples)
            std::printf("    %s\n", example.c_str());
        if (violation.count > violation.examples.size())
            std::puts("    …");
    }
    if (summary.violations.empty())
        std::puts(summary.fed
                      ? "  All checks hold: every committed delta arrived, nothing else did, in "
                        "order, and the documents are as recorded."
                      : "  The documents are as recorded.");
}

void write_json(const Summary& summary, const std::string& path)
{
    nlohmann::ordered_json report = {{"ok", summary.violations.empty()},
                                     {"deltas",
                                      {{"recorded", summary.recorded},
                                       {"applied", count_of(summary, "applied")},
                                       {"superseded", count_of(summary, "superseded")},
                                       {"duplicate", count_of(summary, "duplicate")},
                                       {"refused", count_of(summary, "refused")},
                                       {"rolledBack", summary.rolled_back},
                                       {"lostInCrash", summary.lost_in_crash}}},
                                     {"seconds", summary.seconds},
                                     {"rate", summary.rate},
                                     {"postgresReconnections", summary.postgres_reconnections},
                                     {"messages",
                                      {{"received", summary.messages},
                                       {"repeats", summary.repeats},
                                       {"broadcasts", summary.broadcasts},
                                       {"epochs", summary.epochs}}},
                                     {"redisReconnections", summary.redis_reconnections},
                                     {"lagFromSend", to_json(summary.lag_from_send)},
                                     {"lagFromAnswer", to_json(summary.lag_from_answer)},
                                     {"documents", summary.documents},
                                     {"violations", nlohmann::json::array()}};
    for (const Violation& violation : summary.violations)
        report["violations"].push_back({{"promise", violation.promise},
                                        {"count", violation.count},
                                        {"examples", violation.examples}});
    std::ofstream file(path);
    file << report.dump(2) << '\n';
    if (!file.flush())
        throw std::system_error(errno, std::generic_category(), "cannot write " + path);
}

} // namespace synckit::replay
