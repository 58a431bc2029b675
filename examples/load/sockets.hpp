#pragma once

#include "examples/load/figures.hpp"
#include "examples/load/user.hpp"
#include "examples/load/world.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct epoll_event;

namespace load {

/// The sockets of one thread's users: connects, reads and writes without ever
/// waiting. Bytes of half a frame, in or out, lie in a spill that a user has
/// only meanwhile. Confined to its thread, but for wake().
class sockets {
public:
  /// Makes its epoll set and its eventfd: before any thread has a file table
  /// of its own, since a wake from another thread has to mean the same file.
  sockets(world& shared, std::vector<user>& users, std::uint64_t first_user,
          live_figures& counted);
  ~sockets();
  sockets(const sockets&) = delete;
  sockets& operator=(const sockets&) = delete;

  /// Gives the calling thread a file table of its own, in which nothing is
  /// open but standard streams, and what the generator's threads wake each
  /// other by. Throws std::system_error.
  void take_own_files();

  /// Lets wait() return. Thread-safe.
  void wake() const;

  /// Calls `f(who, events)` for each user whose socket has news.
  template <class F>
  void wait(int timeout_ms, F f) {
    const auto n = poll(timeout_ms);
    for (std::size_t i = 0; i < n; ++i)
      if (const auto [who, what] = event_at(i); who != nobody)
        f(who, what);
  }

  /// False, and counted why, when there is no socket to be had. What is sent
  /// meanwhile waits for the connection; that it failed is seen when reading.
  bool connect(std::uint32_t who);
  void close(std::uint32_t who);

  /// False when the connection is lost. What does not fit waits in the spill.
  bool send(std::uint32_t who, std::string_view bytes);
  bool flush(std::uint32_t who);

  enum class got : std::uint8_t { bytes, nothing, end };

  /// What has come, behind the half frame of last time; valid until the next
  /// call.
  got receive(std::uint32_t who, std::string_view& bytes);

  /// What of these bytes has to wait for more.
  void keep(std::uint32_t who, std::string_view rest);

private:
  struct spill {
    std::string in;
    std::string out;
  };

  std::size_t poll(int timeout_ms);
  std::pair<std::uint32_t, std::uint32_t> event_at(std::size_t i) const;
  bool bind_source(std::uint32_t who, int fd) const;
  void watch(std::uint32_t who, int operation, std::uint32_t events) const;
  spill& spill_of(std::uint32_t who);
  void release_spill(std::uint32_t who);

  const world& shared_;
  std::vector<user>& users_;
  const std::uint64_t first_user_;
  live_figures& counted_;
  int epoll_ = -1;
  int wake_ = -1;
  std::vector<epoll_event> events_;
  std::vector<spill> spills_;
  std::vector<std::uint32_t> free_spills_;
  std::vector<char> buffer_;
};

} // namespace load
