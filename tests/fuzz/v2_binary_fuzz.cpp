#include "channels/serializer_v2.hpp"
#include "tests/fuzz/round_trip.hpp"

#include <cstddef>
#include <cstdint>

/// Any bytes: decoded or malformed_frame, and what is decoded can be echoed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const bennu::channels::serializer_v2 v2;
  bennu::fuzz::decode_and_echo(v2, bennu::channels::opcode::binary, data, size);
  return 0;
}
