#include "channels/frame.hpp"

#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>

namespace bennu::channels {

namespace {

constexpr int fin = 0x80;
constexpr int rsv1 = 0x40; // RFC 7692, 6

/// RFC 6455, 5.2: FIN and opcode, then the length in 7, 16 or 64 bits.
std::uint8_t header_size_for(std::size_t payload_size) {
  if (payload_size < 126)
    return 2;
  return payload_size < 65536 ? 4 : 10;
}

void write_header(char* to, opcode op, std::size_t payload_size,
                  bool compressed) {
  to[0] =
    static_cast<char>(fin | (compressed ? rsv1 : 0) | static_cast<int>(op));
  const auto extra = header_size_for(payload_size) - 2;
  if (extra == 0) {
    to[1] = static_cast<char>(payload_size);
    return;
  }
  to[1] = extra == 2 ? 126 : 127;
  for (int i = 0; i < extra; ++i)
    to[2 + i] = static_cast<char>(payload_size >> (8 * (extra - 1 - i)));
}

} // namespace

frame::frame(channels::opcode op, std::uint8_t header_size,
             std::string_view payload) noexcept
  : opcode_(op), header_size_(header_size),
    size_(static_cast<std::uint32_t>(payload.size())) {
  std::memcpy(bytes() + header_size, payload.data(), payload.size());
}

frame* frame::make(channels::opcode op, std::uint8_t header_size,
                   std::string_view payload) {
  if (payload.size() > std::numeric_limits<std::uint32_t>::max() - 10)
    throw std::length_error("a frame's payload must be below 4 GiB");
  void* where = ::operator new(sizeof(frame) + header_size + payload.size());
  return new (where) frame(op, header_size, payload);
}

std::string_view frame::payload() const noexcept {
  return {bytes() + header_size_, size_};
}

std::string_view frame::wire() const noexcept {
  return {bytes(), std::size_t{size_} + header_size_};
}

void frame::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  this->~frame();
  ::operator delete(this);
}

frame_ptr::frame_ptr(channels::opcode op, std::string_view payload,
                     bool compressed)
  : frame_(frame::make(op, header_size_for(payload.size()), payload)) {
  write_header(frame_->bytes(), op, payload.size(), compressed);
}

frame_ptr frame_ptr::raw(std::string_view bytes) {
  frame_ptr x;
  x.frame_ = frame::make(opcode::binary, 0, bytes);
  return x;
}

} // namespace bennu::channels
