#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bennu::transport::detail {

/// Follows a websocket client's bytes from frame to frame (RFC 6455, 5.2) and
/// says where no frame and no fragmented message is open. It judges nothing:
/// the codec refuses what is malformed. Value; confined to its thread.
class frame_boundary {
public:
  void advance(std::string_view bytes) noexcept;

  /// As far as the first frame's end; returns how many bytes that took.
  std::size_t advance_frame(std::string_view bytes) noexcept;

  /// True between messages: whoever reads on needs no state from before.
  bool at_boundary() const noexcept {
    return header_have_ == 0 && payload_left_ == 0 && !message_open_;
  }

  void reset() noexcept { *this = {}; }

private:
  std::size_t step(std::string_view bytes) noexcept;
  void header_byte(unsigned char x) noexcept;
  void header_done() noexcept;

  std::uint64_t length_ = 0;
  std::uint64_t payload_left_ = 0;
  std::uint8_t header_have_ = 0;
  std::uint8_t header_need_ = 2;
  std::uint8_t length_end_ = 2;
  std::uint8_t first_ = 0;
  bool message_open_ = false;
};

} // namespace bennu::transport::detail
