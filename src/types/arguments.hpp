#pragma once

#include "postgres/bridge.hpp"

/*
 * What the functions of a type share. They hold nothing with a destructor: what they detoast they
 * free by hand, since support functions are called for every compare of a sort in one memory
 * context.
 */
namespace synckit {

/* A varlena argument, detoasted where it has to be; a short header stays as it is. */
class Argument {
  public:
    Argument(FunctionCallInfo fcinfo, int n)
        : given_(PG_GETARG_DATUM(n)), value_(PG_DETOAST_DATUM_PACKED(given_))
    {
    }

    Bytes bytes() const
    {
        return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(value_)), VARSIZE_ANY_EXHDR(value_)};
    }
    std::string_view text() const { return as_text(bytes()); }
    Datum datum() const { return PointerGetDatum(value_); }
    bool holds(Bytes bytes) const { return bytes.data() == this->bytes().data(); }
    void free() const
    {
        if (value_ != static_cast<void*>(DatumGetPointer(given_)))
            pfree(value_);
    }

  private:
    Datum given_;
    varlena* value_;
};

/* Runs a pure function that makes a value: make(memory). */
template <class Make>
Datum make_datum(Make make)
{
    ContextMemory memory(CurrentMemoryContext);
    Bytes value;
    run_pure([&] { value = make(memory); });
    return value_datum(value);
}

/* The same for one that may return the bytes of an argument instead. */
template <class Make>
Datum make_datum(std::initializer_list<Argument> arguments, Make make)
{
    ContextMemory memory(CurrentMemoryContext);
    Bytes value;
    run_pure([&] { value = make(memory); });
    Datum result = 0;
    for (const Argument& argument : arguments)
        if (!result && argument.holds(value))
            result = argument.datum();
        else
            argument.free();
    return result ? result : value_datum(value);
}

} // namespace synckit
