#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace bennu::observer::detail {

/// Notices that a dump is wanted: by SIGUSR1, or since the program is about to
/// abort (see runtime/fatal.hpp), which then waits for it, but no longer than
/// wait_max. What it notes it notes for all agents of a program; the one made
/// last is waited for. As long as there is one, SIGUSR1 does nothing else.
/// Confined to its thread.
class dump_signal {
public:
  /// How long a program that must abort waits for its dump: somebody may wait
  /// for the program to come back.
  static constexpr std::chrono::milliseconds wait_max{3'000};

  dump_signal();
  dump_signal(const dump_signal&) = delete;
  dump_signal& operator=(const dump_signal&) = delete;
  ~dump_signal();

  /// Whether a signal has come since it was last asked; several are one.
  bool asked();

  /// Why the program aborts; empty: it does not.
  static std::string fatal();

  /// The dump is there, or there will be none: the program may abort.
  static void fatal_done();

private:
  std::uint32_t seen_;
};

} // namespace bennu::observer::detail
