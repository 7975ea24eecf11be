#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/memory.hpp"

/*
 * What the fuzz programs share. Each of them defines LLVMFuzzerTestOneInput
 * (https://llvm.org/docs/LibFuzzer.html) and ends with abort() where a promise is broken; what
 * touches memory that is not its own, the sanitizers end.
 */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace synckit::fuzz {

inline void require(bool holds, const char* what, const char* file = __builtin_FILE(),
                    int line = __builtin_LINE())
{
    if (holds)
        return;
    std::fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
    std::abort();
}

inline bool same(Bytes a, Bytes b)
{
    return std::ranges::equal(a, b);
}

/*
 * A memory in which every allocation is one of the heap, given back when it is said to be: the
 * sanitizer sees what reaches beyond it or outlives it. Values are not zero at first but full of a
 * byte, so that two runs with different ones show a value that was not filled.
 */
class FuzzMemory final : public Memory {
  public:
    explicit FuzzMemory(uint8_t fill = 0xa5) : fill_(fill) {}
    ~FuzzMemory() override
    {
        for (auto [at, alignment] : scratch_)
            ::operator delete(at, std::align_val_t(alignment));
    }
    FuzzMemory(const FuzzMemory&) = delete;
    FuzzMemory& operator=(const FuzzMemory&) = delete;

    std::span<uint8_t> make_value(size_t size) override
    {
        auto& value = values_.emplace_back(std::make_unique_for_overwrite<uint8_t[]>(size));
        std::fill_n(value.get(), size, fill_);
        return {value.get(), size};
    }

  private:
    void* do_allocate(size_t size, size_t alignment) override
    {
        void* at = ::operator new(size, std::align_val_t(alignment));
        scratch_.emplace(at, alignment);
        return at;
    }
    void do_deallocate(void* at, size_t, size_t alignment) override
    {
        require(scratch_.erase(at) == 1, "what is given back was allocated here");
        ::operator delete(at, std::align_val_t(alignment));
    }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    uint8_t fill_;
    std::map<void*, size_t> scratch_;
    std::vector<std::unique_ptr<uint8_t[]>> values_;
};

/* Takes an input apart. Past its end everything is zero or empty, so every input means something.
 */
class Input {
  public:
    Input(const uint8_t* data, size_t size) : rest_(data, size) {}

    bool done() const { return rest_.empty(); }
    uint8_t byte()
    {
        uint8_t value = rest_.empty() ? 0 : rest_[0];
        rest_ = rest_.subspan(rest_.empty() ? 0 : 1);
        return value;
    }
    /* A number of so many bytes, little-endian. */
    uint64_t number(unsigned width)
    {
        uint64_t value = 0;
        for (unsigned i = 0; i < width; ++i)
            value |= uint64_t{byte()} << 8 * i;
        return value;
    }
    /* A copy on the heap with nothing after it. */
    std::vector<uint8_t> bytes(size_t most)
    {
        Bytes taken = rest_.first(std::min(most, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return {taken.begin(), taken.end()};
    }
    std::vector<uint8_t> rest() { return bytes(rest_.size()); }

  private:
    Bytes rest_;
};

/*
 * Whether the call accepts its input. What it throws otherwise must be an Error with a message and
 * one of these SQLSTATEs; any other exception passes, and ends the program.
 */
template <class Call>
bool accepts(std::initializer_list<std::string_view> sqlstates, Call call)
{
    try {
        call();
        return true;
    } catch (const Error& error) {
        bool known =
            std::ranges::find(sqlstates, std::string_view(error.sqlstate())) != sqlstates.end();
        if (!known)
            std::fprintf(stderr, "SQLSTATE %s: %s\n", error.sqlstate(), error.what());
        require(known, "only the documented SQLSTATEs are thrown");
        require(!error.message().empty(), "an error has a message");
        return false;
    }
}

} // namespace synckit::fuzz
