#pragma once

#include "channels/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct iovec;

namespace bennu::transport {

/// What waits to be sent on one connection: shared frames and a few bytes of
/// its own (the upgrade's answer, pongs, a close frame). It is part of a
/// million idle connections, so it holds one element in place and allocates
/// for more. Its size is bounded by who pushes: see `fits`.
/// Confined to its thread.
class write_queue {
public:
  write_queue();
  write_queue(const write_queue&) = delete;
  write_queue& operator=(const write_queue&) = delete;
  ~write_queue();

  /// True when `size` bytes more keep the queue within `bytes_max`. An empty
  /// queue takes anything: a message larger than the limit is not a slow
  /// reader's fault.
  bool fits(std::size_t size, std::size_t bytes_max) const noexcept {
    return empty() || bytes_ + size <= bytes_max;
  }

  /// A queue holds below 4 GiB; more throws std::length_error.
  void push(const channels::frame_ptr& x);
  void push(std::string bytes);

  bool empty() const noexcept { return bytes_ == 0; }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t frames() const noexcept;

  /// True when the next byte to send begins a frame, so that another frame may
  /// take the place of all that waits.
  bool at_frame_start() const noexcept { return sent_ == 0; }

  /// Fills `to` with the first unsent bytes, in order; returns how many
  /// elements it used.
  std::size_t gather(iovec* to, std::size_t count_max) const noexcept;

  /// The unsent bytes when they are of one element; else nothing.
  std::string_view only_piece() const noexcept;

  /// Drops the first `n` bytes, which have been sent.
  void consume(std::size_t n) noexcept;

  void clear() noexcept;

private:
  struct element {
    channels::frame_ptr frame;
    std::unique_ptr<const std::string> own;

    std::string_view bytes() const noexcept;
    explicit operator bool() const noexcept { return frame || own; }
  };
  struct overflow;

  void push_element(element x);
  void pop_front() noexcept;

  element first_;
  std::unique_ptr<overflow> more_;
  std::uint32_t bytes_ = 0;
  std::uint32_t sent_ = 0;
};

} // namespace bennu::transport
