// A websocket client's bytes, in pieces, through a lent codec. The first byte
// of the input says how long the pieces are, its highest bit whether messages
// may be compressed.
#include "runtime/assert.hpp"
#include "transport/detail/codec_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

using bennu::transport::detail::codec;

namespace {

constexpr std::size_t message_max = 1000;

/// A client's first message, of no bytes.
constexpr std::string_view greeting{"\x81\x80\0\0\0\0", 6};

/// What is lent on owes its next client nothing and reads what it says.
void serves_the_next(codec& x) {
  BENNU_ASSERT(!x.has_output());
  x.feed(greeting);
  BENNU_ASSERT(x.next() == codec::event::message);
  BENNU_ASSERT(x.opcode() == bennu::channels::opcode::text);
  BENNU_ASSERT(x.payload().empty());
  BENNU_ASSERT(x.next() == codec::event::need_bytes);
}

/// What the codec made of the bytes, fed in pieces of `size`.
std::string run(bennu::transport::detail::codec_pool& pool,
                std::string_view bytes, std::size_t size) {
  auto x = pool.take();
  std::string seen;
  auto last = codec::event::need_bytes;
  while (!bytes.empty() && last == codec::event::need_bytes) {
    const auto piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    x->feed(piece);
    while ((last = x->next()) == codec::event::message) {
      BENNU_ASSERT(x->payload().size() <= message_max);
      seen += std::to_string(static_cast<int>(x->opcode()));
      seen += x->payload();
    }
  }
  seen += x->take_output();
  seen += std::to_string(static_cast<int>(last));
  BENNU_ASSERT(last != codec::event::failed || !x->reusable());
  if (x->reusable())
    serves_the_next(*x);
  pool.give_back(std::move(x));
  return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static bennu::transport::detail::codec_pool plain{
    {.message_max = message_max}};
  static bennu::transport::detail::codec_pool inflating{
    {.message_max = message_max, .inflate = true, .inflate_free = 64}};
  if (size == 0)
    return 0;
  const auto piece = std::max<std::size_t>(1, data[0] & 0x7F);
  auto& pool = data[0] & 0x80 ? inflating : plain;
  const std::string_view bytes{reinterpret_cast<const char*>(data + 1),
                               size - 1};
  const auto cut = run(pool, bytes, piece);
  const auto whole = run(pool, bytes, bytes.size() + 1);
  // How the network cuts the bytes must not matter.
  BENNU_ASSERT(cut == whole);
  return 0;
}
