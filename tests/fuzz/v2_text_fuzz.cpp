#include "channels/serializer_v2.hpp"
#include "tests/fuzz/round_trip.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace {

using namespace bennu::channels;

std::optional<message> decoded(const std::string& text) {
  try {
    return serializer_v2{}.decode(opcode::text, text);
  } catch (const malformed_frame&) {
    return {};
  }
}

/// Blanks, which mean nothing, keep a message off the short way through the
/// decoder: both ways must agree.
void compare_ways(const std::string& text) {
  const auto one = decoded(text);
  const auto other = decoded(" " + text);
  if (one.has_value() != other.has_value())
    std::abort();
  if (one
      && !(one->join_ref == other->join_ref && one->ref == other->ref
           && one->topic == other->topic && one->event == other->event
           && one->payload == other->payload))
    std::abort();
}

} // namespace

/// Any text: decoded or malformed_frame, and what is decoded can be echoed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const bennu::channels::serializer_v2 v2;
  bennu::fuzz::decode_and_echo(v2, bennu::channels::opcode::text, data, size);
  compare_ways({reinterpret_cast<const char*>(data), size});
  return 0;
}
