#pragma once

#include "examples/load/figures.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace load {

using bennu::channels::json;

/// Most processes that share a load.
inline constexpr std::size_t processes_max = 64;

/// What one process came to.
struct contribution {
  json result;
  figures all;
};

/// Several processes that share one load: the first waits for the others, all
/// begin at once, each checks its own broadcasts, and at the end the first has
/// all figures. Lines of JSON over TCP. Confined to the thread that made it.
///
///     bennu-load broadcast --processes 2          # the first, on port 8092
///     bennu-load broadcast --join 127.0.0.1:8092  # the other
class crew {
public:
  /// The first: waits for `processes - 1` others. Throws
  /// std::invalid_argument when nobody can join, std::runtime_error when they
  /// do not come within `limit`.
  static crew lead(std::uint16_t port, bool allow_remote, std::size_t processes,
                   std::uint64_t users, std::chrono::seconds limit);

  /// Another: `where` is HOST:PORT of the first. Throws std::invalid_argument
  /// when that does not answer.
  static crew join(const std::string& where, bool allow_remote,
                   std::uint64_t users, std::chrono::seconds limit);

  ~crew();
  crew(crew&& other) noexcept;
  crew& operator=(crew&&) = delete;

  bool leads() const noexcept { return leads_; }

  /// What is added to this process's users' numbers.
  std::uint32_t first_user() const noexcept { return first_user_; }

  /// Returns once all are ready.
  void begin_together();

  /// Of the first: what the others came to; of another: hands in its own.
  std::vector<contribution> finish(const contribution& mine);

private:
  /// One line is a process's figures; 100 kB are many.
  static constexpr std::size_t line_max = 16 * 1024 * 1024;

  struct peer {
    int fd = -1;
    std::string unread;
  };

  crew(bool leads, std::chrono::seconds limit) : leads_(leads), limit_(limit) {}
  void add(int fd);
  static void tell(peer& to, const json& what);
  static json hear(peer& from);

  bool leads_;
  std::chrono::seconds limit_;
  std::uint32_t first_user_ = 0;
  std::vector<peer> peers_;
};

/// The first's result with the figures of all: users, counts, latency and close
/// codes are sums; phases, server and generator stay its own, and each
/// process's result is in `processes`.
json merged(const contribution& mine, const std::vector<contribution>& others);

} // namespace load
