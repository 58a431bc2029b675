// A client's compressed messages, in pieces, through one inflater; and what the
// deflater makes of them, back again. The first byte of the input says how long
// the pieces are, the next how much they may grow.
#include "runtime/assert.hpp"
#include "transport/detail/deflater.hpp"
#include "transport/detail/inflater.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace bennu::transport::detail;
using verdict = inflater::verdict;

constexpr std::size_t size_max = 20'000;

struct seen {
  verdict last;
  std::string text;
  friend bool operator==(const seen&, const seen&) = default;
};

seen run(inflater& x, std::string_view bytes, std::size_t piece) {
  x.start();
  while (!bytes.empty()) {
    const auto last = x.write(bytes.substr(0, piece));
    BENNU_ASSERT(x.text().size() <= size_max + 4096);
    if (last != verdict::good)
      return {last, {}};
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  const auto last = x.finish();
  return {last, last == verdict::good ? std::string{x.text()} : ""};
}

/// What we send, our own inflater reads.
void go_back_and_forth(std::string_view text) {
  static deflater to;
  static inflater from{
    {.size_max = 1u << 20, .ratio_max = 2000, .ratio_free = 0}};
  const bennu::channels::frame_ptr plain{bennu::channels::opcode::binary, text};
  const auto made = to.deflated(plain);
  to.turn_ended();
  if (&*made == &*plain)
    return;
  BENNU_ASSERT(made->payload().size() < text.size());
  const auto back = run(from, made->payload(), made->payload().size());
  BENNU_ASSERT(back == (seen{verdict::good, std::string{text}}));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2 || size > size_max)
    return 0;
  const auto piece = std::max<std::size_t>(1, data[0]);
  inflater x{{.size_max = size_max,
              .ratio_max = std::max<std::size_t>(1, data[1]),
              .ratio_free = 64}};
  const std::string_view bytes{reinterpret_cast<const char*>(data + 2),
                               size - 2};
  const auto cut = run(x, bytes, piece);
  // Neither how the network cuts them matters, nor what came before.
  BENNU_ASSERT(run(x, bytes, bytes.size()) == cut);
  BENNU_ASSERT(run(x, std::string_view{"\0", 1}, 1)
               == (seen{verdict::good, ""}));
  go_back_and_forth(bytes);
  return 0;
}
