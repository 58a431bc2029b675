#pragma once

#include "channels/frame.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

struct iovec;

namespace bennu::transport {

/// What waits to be sent on one connection: shared frames and a few bytes of
/// its own (the upgrade's answer, pongs, a close frame). It is part of a
/// million idle connections, so it holds one frame in place and allocates for
/// more, or for a part of one. Its size is bounded by who pushes: see `fits`.
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
    return empty() || bytes() + size <= bytes_max;
  }

  void push(channels::frame_ptr x);

  /// Bytes that are no message; none are no element.
  void push(std::string_view bytes);

  bool empty() const noexcept { return !first_; }
  std::size_t bytes() const noexcept;
  std::size_t frames() const noexcept;

  /// True when the next byte to send begins a frame, so that another frame may
  /// take the place of all that waits.
  bool at_frame_start() const noexcept { return sent() == 0; }

  /// Fills `to` with the first unsent bytes, in order; returns how many
  /// elements it used.
  std::size_t gather(iovec* to, std::size_t count_max) const noexcept;

  /// The unsent bytes when they are of one element; else nothing.
  std::string_view only_piece() const noexcept;

  /// Drops the first `n` bytes, which have been sent.
  void consume(std::size_t n);

  void clear() noexcept;

private:
  struct rest;

  std::size_t sent() const noexcept;
  void pop_front() noexcept;

  /// Null when nothing waits.
  channels::frame_ptr first_;

  /// Null when nothing waits but the whole of the first.
  std::unique_ptr<rest> rest_;
};

} // namespace bennu::transport
