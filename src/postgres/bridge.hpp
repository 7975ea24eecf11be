#pragma once

#include "postgres/postgres.hpp"

#include "base/error.hpp"
#include "base/memory.hpp"

/*
 * The one bridge between the two error worlds. Glue calls pure code through run_pure(): an
 * exception is caught, copied to a plain struct, and becomes an ereport() only after the handler
 * was left, since a longjmp out of a live handler would leak it. Pure code never calls back into
 * Postgres, but for memory.
 */
namespace synckit {

/* Ends pure code when CHECK_FOR_INTERRUPTS() would jump; run_pure() lets it do so afterwards. */
struct Cancelled {};

/*
 * Memory in a memory context, which frees it all at once. Out of memory is std::bad_alloc here, not
 * a jump. Glue may hold one across an ereport: its destructor, virtual by inheritance, does
 * nothing.
 */
class ContextMemory final : public Memory {
  public:
    explicit ContextMemory(MemoryContext context) : context_(context) {}

    MemoryContext context() const { return context_; }

    /* The value gets its varlena header at once: see value_datum(). */
    std::span<uint8_t> make_value(size_t size) override
    {
        if (size > MaxAllocSize - VARHDRSZ)
            throw Error(sqlstate::program_limit_exceeded, "value is too large",
                        "It has " + std::to_string(size) + " bytes.");
        void* chunk = allocate_chunk(size + VARHDRSZ);
        SET_VARSIZE(chunk, size + VARHDRSZ);
        return {reinterpret_cast<uint8_t*>(VARDATA(chunk)), size};
    }

    void poll() override
    {
        if (InterruptPending && (QueryCancelPending || ProcDiePending) &&
            InterruptHoldoffCount == 0 && QueryCancelHoldoffCount == 0 && CritSectionCount == 0)
            throw Cancelled();
    }

  private:
    void* allocate_chunk(size_t size)
    {
        void* chunk =
            size > MaxAllocHugeSize
                ? nullptr
                : MemoryContextAllocExtended(context_, size, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
        if (!chunk)
            throw std::bad_alloc();
        return chunk;
    }
    void* do_allocate(size_t size, size_t alignment) override
    {
        if (alignment <= MAXIMUM_ALIGNOF)
            return allocate_chunk(size);
        auto chunk = reinterpret_cast<uintptr_t>(allocate_chunk(size + alignment));
        return reinterpret_cast<void*>((chunk + alignment - 1) & ~(alignment - 1));
    }
    void do_deallocate(void*, size_t, size_t) override {}
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    MemoryContext context_;
};

/* The datum of a value that ContextMemory::make_value() made. */
inline Datum value_datum(Bytes value)
{
    return PointerGetDatum(value.data() - VARHDRSZ);
}

/* The datum of any value: copied if it is not one of ours (a view of an argument, the empty clock).
 */
Datum copy_value(Bytes value);

/* A detoasted view of a varlena argument; short ones are not copied. */
inline Bytes datum_bytes(Datum datum)
{
    auto* value = PG_DETOAST_DATUM_PACKED(datum);
    return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), VARSIZE_ANY_EXHDR(value)};
}

inline std::string_view datum_text(Datum datum)
{
    return as_text(datum_bytes(datum));
}

inline Datum text_datum(std::string_view text)
{
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

/* A C string in the current memory context. */
inline char* to_cstring(std::string_view text)
{
    return pnstrdup(text.data(), text.size());
}

/* An exception, as plain data. Over-long texts are cut, at a character. */
struct CaughtError {
    int sqlstate;
    bool cancelled;
    char message[512];
    char detail[512];
    char hint[256];
};

void describe(const Error&, CaughtError&) noexcept;
void describe(const char* sqlstate, const char* message, CaughtError&) noexcept;
void describe_cancelled(CaughtError&) noexcept;
[[noreturn]] void raise(const CaughtError&);

/* For input functions, whose callers may ask for soft errors (Postgres 16 and later): if this one
 * did, the error is kept for it, and SQL NULL returned. */
Datum raise_softly(FunctionCallInfo, const CaughtError&);

/* Runs pure code; false, with the error described, if it threw. */
template <class Body>
bool try_pure(CaughtError& caught, Body&& body) noexcept
{
    try {
        body();
        return true;
    } catch (const Error& error) {
        describe(error, caught);
    } catch (const Cancelled&) {
        describe_cancelled(caught);
    } catch (const std::bad_alloc&) {
        describe(sqlstate::out_of_memory, "out of memory", caught);
    } catch (const std::exception& error) {
        describe(sqlstate::internal_error, error.what(), caught);
    } catch (...) {
        describe(sqlstate::internal_error, "unknown C++ exception", caught);
    }
    return false;
}

/* Runs pure code; what it throws becomes an ereport(ERROR). */
template <class Body>
void run_pure(Body&& body)
{
    CaughtError caught;
    if (!try_pure(caught, body))
        raise(caught);
}

} // namespace synckit
