#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace synckit {

/* A value at rest (a clock, registers), without the header that Postgres puts before it. */
using Bytes = std::span<const uint8_t>;

inline Bytes as_bytes(std::string_view text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/*
 * Where pure code allocates: scratch space as a memory resource, and the values that it hands out,
 * which live as long as the memory does. A backend's lies in a memory context
 * (src/postgres/bridge.hpp); elsewhere HeapMemory serves. Allocation fails with std::bad_alloc,
 * never with a jump.
 */
class Memory : public std::pmr::memory_resource {
  public:
    virtual std::span<uint8_t> make_value(size_t size) = 0;

    /* Asked now and then in loops over what a client has sized: whoever wants them to end throws.
     */
    virtual void poll() {}
};

class HeapMemory final : public Memory {
  public:
    std::span<uint8_t> make_value(size_t size) override { return values_.emplace_back(size); }

  private:
    void* do_allocate(size_t size, size_t alignment) override
    {
        return scratch_.allocate(size, alignment);
    }
    void do_deallocate(void*, size_t, size_t) override {}
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    std::pmr::monotonic_buffer_resource scratch_;
    std::deque<std::vector<uint8_t>> values_;
};

} // namespace synckit
