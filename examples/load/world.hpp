#pragma once

#include "examples/load/figures.hpp"
#include "examples/load/plan.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include <netinet/in.h>

namespace load {

/// How a plan is carried out.
struct generator_options {
  /// 0: as many as file tables are needed, and at least min(cores, 2).
  std::size_t threads = 0;

  /// Users on their way from connect to joined at once, over all threads. More
  /// fill the server's backlog of 4096 a listener, and then connects wait for
  /// the kernel to try again, after a second.
  std::size_t in_flight_max = 256;

  /// Local addresses to connect from; empty: as many of 127.0.0.0/8 as are
  /// needed.
  std::vector<in_addr> sources{};

  /// Connections from one address. It has 28,000 ports, but the kernel
  /// searches longer for a free one the fewer there are.
  std::size_t ports_per_source = 5'000;

  /// Tsung's ports_range: ports to bind to, one after the other; 0: the
  /// kernel's choice.
  std::uint16_t port_min = 0;
  std::uint16_t port_max = 0;

  /// For an answer to come: upgrade, join, leave, close. Past it the user is
  /// counted in timed_out and closed.
  duration answer_timeout = std::chrono::seconds{60};

  /// Added to the users' numbers: of several processes each has its own.
  std::uint32_t first_user = 0;
};

/// The broadcasts that one audience ought to hear.
struct audience {
  std::atomic<std::uint32_t> said{0};
  std::atomic<std::uint32_t> sum{0};
};

/// A sequence number's share of the sum by which a user who heard the right
/// number of broadcasts, but not the right ones, is found out.
inline std::uint32_t mixed(std::uint32_t sequence) noexcept {
  return static_cast<std::uint32_t>(hash_of(7, sequence));
}

/// Threads take turns in lanes, one lane a core: in a lane one thread's users
/// come after the other's, so that of a hundred threads few are busy at once.
struct lane {
  std::atomic<std::size_t> turn{0};
};

/// What the threads of a generator share. The plan and the options are read
/// only.
struct world {
  world(const load::plan& p, const generator_options& o, std::size_t lane_count)
    : what(p), how(o), audiences(std::make_unique<audience[]>(p.audiences())),
      lanes(std::make_unique<lane[]>(lane_count)), lanes_max(lane_count) {}

  const load::plan& what;
  const generator_options& how;
  std::unique_ptr<audience[]> audiences;
  std::unique_ptr<lane[]> lanes;
  const std::size_t lanes_max;

  /// Monotonic; 0: nobody comes yet.
  std::atomic<std::int64_t> begin_ns{0};
  std::atomic<bool> gate_open{false};

  /// The descriptors by which threads wait and wake each other, the same in
  /// every file table. Complete before the first thread starts.
  std::set<int> kept_files;

  /// Wakes a thread by its index, when its turn has come.
  std::function<void(std::size_t)> wake;

  /// When the last broadcast was sent.
  std::atomic<std::int64_t> said_ns{0};

  /// Loops without end end, nobody new comes.
  std::atomic<bool> stopping{false};
};

/// Monotonic time.
std::int64_t now_ns();

} // namespace load
