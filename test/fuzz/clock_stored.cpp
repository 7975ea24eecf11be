/*
 * Any bytes as a stored clock, and every operation on it with a second one: a damaged page may make
 * nonsense of a clock, but must not take the backend down.
 *
 * The input: a length and a client id, a counter (8 bytes), the first clock's length (2 bytes) and
 * bytes, the second clock's bytes.
 */
#include "clock/clock_index.hpp"
#include "clock_fuzz.hpp"

using namespace synckit;
using namespace synckit::fuzz;

namespace {

struct Stored {
    std::string client;
    Counter counter;
    std::vector<uint8_t> a, b;
};

/* Runs the operations and writes down what comes of each. */
class Operations {
  public:
    explicit Operations(uint8_t fill) : memory_(fill) {}

    std::string run(const Stored& stored)
    {
        read(stored.a, stored);
        read(stored.b, stored);
        accepts({"XX001"}, [&] { combine(ClockView(stored.a), ClockView(stored.b)); });
        accepts({"XX001"}, [&] { combine(ClockView(stored.b), ClockView(stored.a)); });
        return std::move(results_);
    }

  private:
    void read(Bytes bytes, const Stored& stored)
    {
        accepts({"XX001"}, [&] {
            ClockView clock(bytes);
            results_ += clock_to_text(clock, memory_);
            results_ += as_text(clock_to_wire(clock, memory_));
            accepts({"22001", "22021", "22023"},
                    [&] { change(clock, ClientId::from_text(stored.client), stored.counter); });
            /* Clients that it has, so that look-ups find something. */
            ClockIndex index(clock, memory_);
            unsigned most = 4;
            for (ClockCursor at(clock); !at.done() && most > 0; at.next(), --most) {
                ClientId client = at.entry().client;
                results_ += std::to_string(index.get(client));
                change(clock, client, stored.counter);
            }
        });
    }

    void change(const ClockView& clock, const ClientId& client, Counter counter)
    {
        results_ += std::to_string(clock_get(clock, client));
        results_ += std::to_string(ClockIndex(clock, memory_).get(client));
        accepts({"22003", "22023"}, [&] { keep(clock_tick(clock, client, counter, memory_)); });
        accepts({"22003"}, [&] { keep(clock_advance(clock, client, counter, memory_)); });
        keep(clock_forget(clock, client, memory_));
    }

    void combine(const ClockView& a, const ClockView& b)
    {
        keep(clock_merge(a, b, memory_));
        keep(clock_meet(a, b, memory_));
        results_ += to_text(clock_compare(a, b));
        results_ += std::to_string(clock_order(a, b));
    }

    /* Whatever was put in, what comes out holds together. */
    void keep(Bytes clock)
    {
        require(accepts({"XX001"}, [&] { ClockView{clock}; }), "a result can be read");
        results_ += as_text(clock);
    }

    FuzzMemory memory_;
    std::string results_;
};

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Input input(data, size);
    Stored stored;
    stored.client = as_text(input.bytes(input.byte()));
    stored.counter = static_cast<Counter>(input.number(8));
    stored.a = input.bytes(input.number(2));
    stored.b = input.rest();
    require(Operations(0x00).run(stored) == Operations(0xff).run(stored),
            "every byte of a result is written");
    return 0;
}
