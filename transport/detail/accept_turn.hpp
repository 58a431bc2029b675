#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bennu::transport::detail {

/// Whose turn it is to accept, among the sockets that listen on one port. A
/// program in the kernel (SO_ATTACH_REUSEPORT_CBPF) gives that one all new
/// connections. Any thread.
class accept_turn {
public:
  /// Of so many listeners, each accepts so many; 0: all at any time.
  accept_turn(std::size_t listeners, std::size_t length) noexcept
    : listeners_(static_cast<std::uint32_t>(listeners)), length_(length) {}

  bool taken() const noexcept { return length_ != 0; }

  /// How many a listener with `held` connections accepts in its turn, where
  /// they all have `mean` on average. More arrive than a turn is long before
  /// its listener wakes, now here and now there, so that without this some
  /// would have a tenth more than others and be full first.
  std::size_t length(std::uint64_t held, std::uint64_t mean) const noexcept;

  /// The longest turn, in usual ones: one that is held up while it is its turn
  /// holds up who arrives.
  static constexpr std::size_t catch_up_max = 16;

  /// Lets the kernel know; once for each socket that begins to listen. False,
  /// with errno, when the kernel spreads connections as it sees fit.
  bool begin(int fd) const noexcept;

  /// It is the next one's turn.
  void pass(int fd) noexcept;

private:
  const std::uint32_t listeners_;
  const std::size_t length_;
  std::atomic<std::uint32_t> whose_{0};
};

} // namespace bennu::transport::detail
