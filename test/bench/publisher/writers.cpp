#include "writers.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include <libpq-fe.h>

namespace synckit::bench {
namespace {

constexpr size_t writers = 16;
constexpr size_t documents = 1009; // a prime: neighbours in time are far apart

struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};

class Writer {
  public:
    Writer(const Load& load, size_t number)
        : load_(load), client_("writer-" + std::to_string(number)), connection_(PQconnectdb(""))
    {
        if (PQstatus(connection_.get()) != CONNECTION_OK)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        check(PQprepare(connection_.get(), "write", load.statement.c_str(), 0, nullptr),
              PGRES_COMMAND_OK);
    }

    void write(size_t index)
    {
        const std::string serial = std::to_string(load_.first_serial + static_cast<int64_t>(index));
        const std::string document = "document-" + std::to_string(index * 101 % documents);
        std::string text;
        if (load_.text_bytes > 0) {
            text = "{\"value\":" + serial + ",\"rest\":\"";
            text.resize(std::max(text.size(), load_.text_bytes - 2), 'x');
            text += "\"}";
        }
        const char* values[] = {document.c_str(), client_.c_str(), serial.c_str(), text.c_str()};
        check(PQexecPrepared(connection_.get(), "write", load_.text_bytes > 0 ? 4 : 3, values,
                             nullptr, nullptr, 0),
              PGRES_TUPLES_OK);
    }

  private:
    void check(PGresult* result, ExecStatusType wanted)
    {
        const std::unique_ptr<PGresult, Clear> owner(result);
        if (PQresultStatus(result) != wanted)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
    }

    const Load& load_;
    const std::string client_;
    std::unique_ptr<PGconn, Finish> connection_;
};

} // namespace

Written write(const Load& load)
{
    Written written{std::vector<Clock::time_point>(load.count),
                    std::vector<Clock::time_point>(load.count), 0, 0};
    std::vector<std::unique_ptr<Writer>> all;
    for (size_t i = 0; i < writers; ++i) {
        all.push_back(std::make_unique<Writer>(load, i));
        all.back()->write(load.count + i); // of no run: a connection's first statement is slow
    }

    std::mutex mutex;
    std::optional<std::string> error;
    const auto begin = Clock::now() + std::chrono::milliseconds(100);
    const auto due = [&](size_t n) {
        const std::chrono::duration<double> after(static_cast<double>(n) / load.rate);
        return begin + std::chrono::duration_cast<Clock::duration>(after);
    };
    const auto end = due(load.count);
    {
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < writers; ++i)
            threads.emplace_back([&, i] {
                try {
                    for (size_t n = i; n < load.count; n += writers) {
                        std::this_thread::sleep_until(due(n));
                        const auto now = Clock::now();
                        if (now > end)
                            return;
                        written.started[n] = now;
                        all[i]->write(n);
                        written.finished[n] = Clock::now();
                    }
                } catch (const std::exception& failure) {
                    const std::lock_guard lock(mutex);
                    error = failure.what();
                }
            });
    }
    if (error)
        throw std::runtime_error(*error);
    const std::chrono::duration<double> taken = std::max(Clock::now(), end) - begin;
    written.count = load.count - static_cast<size_t>(std::count(written.started.begin(),
                                                                written.started.end(), never));
    written.rate = static_cast<double>(written.count) / taken.count();
    return written;
}

} // namespace synckit::bench
