#pragma once

#include "runtime/fwd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

struct epoll_event;

namespace bennu::runtime {

/// The descriptors that a shard's thread waits for, in one epoll set. What it
/// waits for at all it waits for here: a layer above adds its descriptors and
/// is told of them, without another loop under or over the shard's. Confined to
/// its shard's thread, except wake(); made before that thread has a file table
/// of its own, so that others can wake it.
class poller {
public:
  /// What a handler may say of a descriptor; it gets it back with each event.
  using key = std::uint64_t;
  static constexpr unsigned key_bits = 56;

  /// Who is told that a descriptor is ready. An event may come for one that an
  /// earlier event has ended: the key is the handler's to check.
  class handler {
  public:
    /// `events` as epoll says them.
    virtual void ready(key which, std::uint32_t events) = 0;

  protected:
    ~handler() = default;
  };

  /// Handlers at once: a chat node has three. One more throws
  /// std::length_error.
  static constexpr std::size_t handlers_max = 255;

  /// Events of one wait: those of more descriptors come with the next one.
  static constexpr std::size_t events_max = 256;

  /// Throws std::system_error when the kernel gives no descriptors.
  poller();
  ~poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  /// A handler's number, which its descriptors are watched with.
  using handler_number = std::uint8_t;
  handler_number add(handler& who);

  /// It is told nothing more, not even of what the last wait has found.
  void remove(handler_number who) noexcept;

  /// Watches a descriptor, until it is closed. False, with errno, when the
  /// kernel refuses.
  bool watch(handler_number who, int fd, key which,
             std::uint32_t events) noexcept;

  /// Waits for other events of a watched descriptor.
  void change(handler_number who, int fd, key which,
              std::uint32_t events) noexcept;

  /// Waits until a descriptor is ready, wake() is called or `limit` is over;
  /// not at all for zero, without a limit for duration::max(). To a
  /// millisecond, and never shorter.
  void wait(duration limit) noexcept;

  /// Tells the handlers what the last wait has found; whether there was any.
  bool dispatch();

  /// Ends a wait, or the next one. Thread-safe.
  void wake() noexcept;

private:
  int epoll_;
  int wake_;
  std::vector<handler*> handlers_;
  std::unique_ptr<epoll_event[]> found_;
  std::size_t found_count_ = 0;
};

} // namespace bennu::runtime
