#pragma once

#include "runtime/process.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

/// Looking into a running process and steering it. Mirrors OTP's sys; each
/// function makes an inspector, to be run from a process or from outside:
///
///     self.inspect(server, 5s, sys::get_state()).then([](int count) { … });
///     node.inspect(server, sys::suspend());
///
/// Works on every process, gen_server or not. Differs from OTP: it acts between
/// two handlers, ahead of the mailbox, so a process with a full mailbox answers
/// at once; change_code has no place in C++.
namespace bennu::runtime::sys {

/// Answers what process::visible_state returns; fails when that is nothing.
process::inspector get_state();

/// Gives the process another state; fails, changing nothing, when the process
/// does not take it.
process::inspector replace_state(message state);
template <class T>
process::inspector replace_state_with(T state) {
  return replace_state(make_message(std::move(state)));
}

/// Answers a status.
process::inspector get_status();
struct status {
  process_info info;
  /// Rendered; empty when the process shows none.
  std::string state;
};

/// A suspended process handles no messages; they wait. Exit signals act, and
/// inspectors run. Answers whether it ran before.
process::inspector suspend();

/// Answers whether it was suspended.
process::inspector resume();

/// Ends the process as if it had stopped itself: terminate runs, whether it
/// traps exits or not. Answers once it has ended; the dead fail with `noproc`.
/// Mirrors gen_server:stop/3 and sys:terminate; a terminate that ends the
/// process with another reason is no failure here.
process::inspector terminate(exit_reason why = exit_reason::normal());

/// One thing a process did: it handled a message, or sent one; it spawned
/// another, is linked to another from now on or no more; or it ended. Mirrors
/// what the trace flags send, 'receive' and procs show. Value.
struct event {
  enum class kind { in, out, spawned, linked, unlinked, ended };
  kind what = kind::in;
  pid process;

  /// The sender, the receiver, the child, or the one it is linked to.
  pid other;

  /// The message; of an end its exit_reason.
  message content;
};
std::string to_string(const event& x);

/// Shows every event to `f`, which runs in the process, before a message is
/// handled or after anything else; empty: no more. One a process.
process::inspector trace(std::function<void(const event&)> f);

/// Writes every event to the node's log, at level info.
process::inspector trace_to_log();

/// Keeps the last `max` events, at most log_max; 0: no more. Takes the place of
/// a trace.
process::inspector log(std::size_t max);
inline constexpr std::size_t log_max = 1000;

/// Answers the kept events, std::vector<event>, the oldest first.
process::inspector get_log();

/// Begins to count, from 0; or stops counting.
process::inspector statistics(bool on);

/// Answers statistics_info; fails when nothing is counted.
process::inspector get_statistics();
struct statistics_info {
  duration running_for{};
  std::size_t reductions = 0;
  std::size_t messages_in = 0;
  std::size_t messages_out = 0;
};

} // namespace bennu::runtime::sys
