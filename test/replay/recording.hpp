#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace synckit::replay {

/* One recorded edit, ready to be sent. */
struct RecordedDelta {
    std::string id; // a function of document, client and number: sending it again is no second edit
    std::string other_id; // another such, for the copy that is rolled back
    std::string document;
    std::string
        members; // of its JSON object, all but "id" and "seen"; values as they were recorded
};

/*
 * Reads recorded edits, one JSON object a line, and numbers them as their clients would have: 1, 2,
 * 3 … for each client in each document.
 */
std::vector<RecordedDelta> read_recording(const std::string& path);

} // namespace synckit::replay
