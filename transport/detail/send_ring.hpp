#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace bennu::transport::detail {

/// Many sends in one system call, by an io_uring that is used for nothing else.
/// What is added has been sent, or not, once send() returns: nothing is left
/// under way. Where the kernel has no io_uring or forbids it, as many
/// containers have it, the ring is closed: its owner sends by itself. Confined
/// to its thread.
class send_ring {
public:
  /// Sends of one call. Past a hundred the call itself is no cost any more,
  /// while what it sends should still be in the caches.
  static constexpr unsigned size_max = 128;

  /// Opens one if it can.
  send_ring();
  send_ring(send_ring&&) noexcept;
  send_ring& operator=(send_ring&&) noexcept;
  ~send_ring();

  static send_ring closed() { return send_ring{nullptr}; }

  bool is_open() const noexcept { return ring_ != nullptr; }

  /// True when size_max are added.
  bool is_full() const noexcept;

  /// Adds a send to an open ring that is not full. The bytes stay until send().
  void add(int fd, std::string_view bytes, std::uint32_t tag) noexcept;

  /// Sends what was added, and calls `f(tag, n)` with what ::send would have
  /// returned for each, or minus its errno. Should the kernel not take all of
  /// it, the rest is told EAGAIN and the ring is closed. `f` may close it, too,
  /// and hears no more.
  template <class F>
  void send(F f) {
    submit();
    result x;
    while (is_open() && next(x))
      f(x.tag, x.n);
  }

private:
  struct result {
    std::uint32_t tag = 0;
    int n = 0;
  };
  struct ring;
  struct closing {
    void operator()(ring* x) const noexcept;
  };

  explicit send_ring(std::nullptr_t) noexcept;
  void submit() noexcept;
  bool next(result& x) noexcept;

  std::unique_ptr<ring, closing> ring_;
};

} // namespace bennu::transport::detail
