// What another node may send a tracker, as bytes: what is read is well formed,
// and is written as it was read.
#include "channels/tracker/gossip_codec.hpp"
#include "runtime/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace bennu;
  static const channels::gossip_codec codec{
    {.write =
       [](const runtime::message& x) { return *x.value_if<std::string>(); },
     .read =
       [](std::string_view x) {
         return std::optional{runtime::make_message(std::string{x})};
       }},
    {.bytes_max = 4096, .text_max = 100}};
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (const auto x = codec.decode(bytes))
    BENNU_ASSERT(codec.encode(*x) == bytes);
  return 0;
}
