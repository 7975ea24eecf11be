#include "clock/counters.hpp"

#include <algorithm>

#include "base/pure_only.hpp"

namespace synckit {

namespace {

/* The same for two, of which the first is the wider one: body exists ten times, not sixteen. */
template <class Body>
auto with_widths(unsigned wide, unsigned narrow, Body body)
{
    return with_width(wide, [&](auto w) {
        return with_width(narrow, [&](auto n) {
            if constexpr (sizeof w >= sizeof n)
                return body(w, n);
            else
                return decltype(body(w, w))();
        });
    });
}

template <class T>
T number(Counters counters, size_t i)
{
    return load<T>(counters.at + i * sizeof(T));
}

template <class T>
void put(uint8_t* out, size_t i, T value)
{
    store<T>(out + i * sizeof(T), value);
}

} // namespace

void convert(Counters from, uint8_t* out, unsigned width, size_t count)
{
    if (from.width == width) {
        std::copy_n(from.at, count * width, out);
        return;
    }
    with_width(width, [&](auto to) {
        with_width(from.width, [&](auto is) {
            for (size_t i = 0; i < count; ++i)
                put(out, i, static_cast<decltype(to)>(number<decltype(is)>(from, i)));
        });
    });
}

void maxima(Counters a, Counters b, uint8_t* out, size_t count)
{
    if (a.width < b.width)
        std::swap(a, b);
    with_widths(a.width, b.width, [&](auto w, auto n) {
        using Wide = decltype(w);
        for (size_t i = 0; i < count; ++i) {
            Wide x = number<Wide>(a, i), y = number<decltype(n)>(b, i);
            put<Wide>(out, i, x > y ? x : y);
        }
    });
}

void minima(Counters a, Counters b, uint8_t* out, size_t count)
{
    if (a.width < b.width)
        std::swap(a, b);
    with_widths(a.width, b.width, [&](auto w, auto n) {
        using Wide = decltype(w);
        using Narrow = decltype(n);
        for (size_t i = 0; i < count; ++i) {
            Wide x = number<Wide>(a, i), y = number<Narrow>(b, i);
            put<Narrow>(out, i, static_cast<Narrow>(x < y ? x : y));
        }
    });
}

int64_t greatest(Counters counters, size_t count)
{
    return with_width(counters.width, [&](auto t) {
        using T = decltype(t);
        T most = 0;
        for (size_t i = 0; i < count; ++i)
            most = std::max(most, number<T>(counters, i));
        return static_cast<int64_t>(most);
    });
}

Ahead compare(Counters a, Counters b, size_t count)
{
    bool swapped = a.width < b.width;
    if (swapped)
        std::swap(a, b);
    Ahead ahead = with_widths(a.width, b.width, [&](auto w, auto n) {
        using Wide = decltype(w);
        Wide above = 0, below = 0; // as wide as what is compared: a lane each
        for (size_t i = 0; i < count; ++i) {
            Wide x = number<Wide>(a, i), y = number<decltype(n)>(b, i);
            above |= static_cast<Wide>(x > y ? ~Wide{0} : Wide{0});
            below |= static_cast<Wide>(x < y ? ~Wide{0} : Wide{0});
        }
        return Ahead{above != 0, below != 0};
    });
    return swapped ? Ahead{ahead.b, ahead.a} : ahead;
}

} // namespace synckit
