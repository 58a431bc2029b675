#include "transport/detail/frame_boundary.hpp"

#include <algorithm>

namespace bennu::transport::detail {

namespace {

constexpr std::uint8_t fin = 0x80;
constexpr std::uint8_t control = 0x08;

} // namespace

void frame_boundary::advance(std::string_view bytes) noexcept {
  while (!bytes.empty())
    bytes.remove_prefix(step(bytes));
}

std::size_t frame_boundary::advance_frame(std::string_view bytes) noexcept {
  std::size_t used = 0;
  do {
    used += step(bytes.substr(used));
  } while (used < bytes.size() && (header_have_ > 0 || payload_left_ > 0));
  return used;
}

/// Takes a byte of a header, or what there is of a payload.
std::size_t frame_boundary::step(std::string_view bytes) noexcept {
  if (payload_left_ == 0) {
    header_byte(static_cast<unsigned char>(bytes.front()));
    return 1;
  }
  const auto n = std::min<std::uint64_t>(payload_left_, bytes.size());
  payload_left_ -= n;
  return static_cast<std::size_t>(n);
}

void frame_boundary::header_byte(unsigned char x) noexcept {
  if (header_have_ == 0) {
    first_ = x;
  } else if (header_have_ == 1) {
    const auto code = static_cast<std::uint8_t>(x & 0x7F);
    const auto extra = code == 127 ? 8 : code == 126 ? 2 : 0;
    length_ = extra == 0 ? code : 0;
    length_end_ = static_cast<std::uint8_t>(2 + extra);
    header_need_ = static_cast<std::uint8_t>(length_end_ + (x & 0x80 ? 4 : 0));
  } else if (header_have_ < length_end_) {
    length_ = length_ << 8 | x;
  }
  if (++header_have_ >= 2 && header_have_ == header_need_)
    header_done();
}

void frame_boundary::header_done() noexcept {
  if (!(first_ & control))
    message_open_ = !(first_ & fin);
  payload_left_ = length_;
  header_have_ = 0;
  header_need_ = 2;
}

} // namespace bennu::transport::detail
