#include "listener.hpp"

#include <charconv>
#include <optional>

#include "cli/report.hpp"
#include "redis/printable.hpp"

namespace synckit::replay {
namespace {

constexpr size_t shown_message = 200;

std::optional<int64_t> number_of(const JsonMembers& message, std::string_view key)
{
    const std::string_view digits = message.raw(key);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return number;
}

} // namespace

Listener::Listener(const RedisAccess& redis, const std::string& prefix)
    : prefix_(prefix), subscriber_(redis, {.channels = {prefix + "broadcast"},
                                           .patterns = {escape_pattern(prefix) + "doc:*"}})
{
    subscriber_.on_lost = [](const Error& error) {
        report("WARNING", error.message() + ": trying again until it is back", error.detail());
    };
    subscriber_.on_restored = [this] {
        const std::lock_guard lock(mutex_);
        ++heard_.restored_times;
    };
    subscriber_.subscribe();
    thread_ = std::jthread([this](std::stop_token stop) { listen(stop); });
}

void Listener::listen(std::stop_token stop)
{
    while (!stop.stop_requested())
        if (const auto message = subscriber_.next(std::chrono::milliseconds(100)))
            take(*message);
}

void Listener::take(const RedisMessage& message)
{
    const std::lock_guard lock(mutex_);
    if (message.channel == prefix_ + "broadcast") {
        ++heard_.broadcasts;
        return;
    }
    ++heard_.messages;
    const auto delta = JsonMembers::of(message.payload);
    if (!delta || !take_delta(message.channel, *delta))
        heard_.oddities.push_back("on " + printable(message.channel) +
                                  ": not a delta: " + printable(message.payload, shown_message));
}

/* False if it lacks what every delta has. */
bool Listener::take_delta(const std::string& channel, const JsonMembers& delta)
{
    if (delta.text("type") != "delta")
        return delta.find("type") != nullptr; // readers ignore types that they do not know
    const auto version = number_of(delta, "version");
    const auto epoch = number_of(delta, "epoch");
    Arrival arrival{delta.text("id"), delta.text("documentId"), version.value_or(0), Clock::now()};
    if (!version || !epoch || arrival.id.empty() || arrival.document.empty())
        return false;
    heard_.epochs.insert(*epoch);
    if (channel != prefix_ + "doc:" + arrival.document)
        heard_.oddities.push_back("a delta of " + printable(arrival.document) +
                                  " came on channel " + printable(channel));

    const auto [known, is_first] = index_.try_emplace(arrival.id, heard_.first.size());
    if (is_first) {
        heard_.first.push_back(std::move(arrival));
        return true;
    }
    ++heard_.repeats;
    const Arrival& earlier = heard_.first[known->second];
    if (earlier.document != arrival.document || earlier.version != arrival.version)
        heard_.oddities.push_back(
            "delta " + arrival.id + " came as version " + std::to_string(earlier.version) + " of " +
            printable(earlier.document) + ", then as version " + std::to_string(arrival.version) +
            " of " + printable(arrival.document));
    return true;
}

bool Listener::has_heard(const std::string& id) const
{
    const std::lock_guard lock(mutex_);
    return index_.contains(id);
}

size_t Listener::messages() const
{
    const std::lock_guard lock(mutex_);
    return heard_.messages;
}

Heard Listener::heard() const
{
    const std::lock_guard lock(mutex_);
    return heard_;
}

} // namespace synckit::replay
