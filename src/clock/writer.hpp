#pragma once

#include "base/bytes.hpp"
#include "clock/clock.hpp"
#include "clock/counters.hpp"

namespace synckit {

/*
 * Fills the columns of a new clock, whose numbers are known beforehand, from the front to the end.
 * Columns are filled independently of each other. What the caller adds must be in stored order and
 * the width canonical.
 */
class ClockWriter {
  public:
    /* Throws 54000 if the clock would be larger than a value may be. */
    ClockWriter(size_t uuids, size_t texts, size_t text_size, unsigned width, Memory&);

    /* A clock of the same clients as that one; its counters are to come. */
    ClockWriter(const ClockView& clients, unsigned width, Memory&);

    Bytes value() const { return value_; }

    void add_client(const ClientId& client)
    {
        if (client.is_uuid()) {
            add_uuids(client.uuid(), 1);
        } else {
            auto length = static_cast<uint8_t>(client.plain().size());
            add_texts(&length, 1, client.plain());
        }
    }
    void add_uuids(const uint8_t* uuids, size_t count)
    {
        if (count > 4) {
            std::memcpy(uuid_, uuids, count * uuid_size);
            uuid_ += count * uuid_size;
            return;
        }
        /* Clocks that have little in common are merged by runs of one or two: no call for those. */
        for (; count > 0; --count, uuids += uuid_size, uuid_ += uuid_size)
            std::memcpy(uuid_, uuids, uuid_size);
    }
    /* Ids that stand one behind the other. */
    void add_texts(const uint8_t* lengths, size_t count, std::string_view texts)
    {
        std::memcpy(length_, lengths, count);
        length_ += count;
        std::memcpy(text_, texts.data(), texts.size());
        text_ += texts.size();
    }

    void add_counter(Counter counter)
    {
        store_width(counter_, static_cast<uint64_t>(counter), width_);
        counter_ += width_;
    }
    /* Counters of any width that this one's hold. */
    void add_counters(Counters counters, size_t count)
    {
        convert(counters, counter_, width_, count);
        counter_ += count * width_;
    }
    /* The greater one of the two has this width. */
    void add_maxima(Counters a, Counters b, size_t count)
    {
        maxima(a, b, counter_, count);
        counter_ += count * width_;
    }

  private:
    void begin(size_t size, size_t entries, Memory&);

    std::span<uint8_t> value_;
    uint8_t* uuid_ = nullptr;
    uint8_t* length_ = nullptr;
    uint8_t* text_ = nullptr;
    uint8_t* counter_ = nullptr;
    unsigned width_;
};

} // namespace synckit
