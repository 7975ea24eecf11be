#pragma once

#include <map>
#include <string>

#include "clock/clock.hpp"

namespace synckit {

/*
 * Finds the deltas of a document that a clock has not seen, from the newest back: those whose
 * number is above the clock's entry of their client. Since a client's numbers rise with the
 * versions, the walk may end where nothing older can be unseen.
 */
class UnseenWalk {
  public:
    UnseenWalk(const ClockView& document, const ClockView& seen, Memory& memory);

    /* Whether all that is unseen has been met. */
    bool done() const { return behind_.empty(); }

    /* Takes the next older delta; true if it is unseen. */
    bool visit(std::string_view client, Counter number);

  private:
    /* What is seen of each client that has written more, as far as that is known. */
    std::pmr::map<std::pmr::string, Counter, std::less<>> behind_;
};

} // namespace synckit
