#include "channels/message.hpp"

#include <string_view>

namespace bennu::channels {

namespace {

void check(std::string_view text, const char* what) {
  if (text.size() > name_bytes_max)
    throw malformed_frame(std::string{what} + " is longer than "
                          + std::to_string(name_bytes_max) + " bytes");
}

} // namespace

void check_names(const message& x) {
  check(x.join_ref.json(), "join_ref");
  check(x.ref.json(), "ref");
  check(x.topic, "topic");
  check(x.event, "event");
}

} // namespace bennu::channels
