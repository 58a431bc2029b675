#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::runtime {

// What supervisors and processes have to tell: each report goes to the log,
// as one line, and to the node's telemetry, as an event. Mirrors OTP's
// progress, supervisor and crash reports. Differs: the orderly ends (normal,
// shutdown and {shutdown, _}) of a process are silent as there, and so are ends
// that came from outside, by an exit signal or by the parent's end.

/// The child a supervisor reports about. Value.
struct offender {
  pid child{};
  std::string id{};
  restart_type restart = restart_type::permanent;
  bool significant = false;
  shutdown_policy shutdown{};
  child_spec::kind type = child_spec::kind::worker;

  /// More than one when the children of a dynamic supervisor had the same to
  /// tell as it stopped.
  std::size_t children = 1;

  static offender of(const child_spec& spec, const pid& child);
};

/// A child has started. Logged at level debug.
struct progress_report {
  std::string supervisor{};
  offender child{};
  std::size_t restarts = 0;
};

/// Something about a child went wrong. Logged at level error; at level debug
/// when whoever started the tree is told the same, so that a program that does
/// not start says so in one line.
struct supervisor_report {
  /// start_error: it did not start. child_terminated: it ended where it should
  /// not have. shutdown_error: it was told to stop and ended otherwise.
  /// shutdown: the supervisor gives up because of it.
  enum class context {
    start_error,
    child_terminated,
    shutdown_error,
    shutdown,
  };

  context what = context::child_terminated;
  std::string supervisor{};
  exit_reason reason{};
  offender child{};
  bool told_elsewhere = false;
};

/// A process ended by a throw, or by a reason of its own that is not orderly.
/// Logged at level error.
struct crash_report {
  pid id{};
  std::string name{};
  std::string label{};

  /// The type of the process object.
  std::string initial_call{};
  exit_reason reason{};

  /// The kind of message it handled; empty in init.
  std::string message{};
  std::size_t message_queue_len = 0;
  std::vector<pid> links{};
};

/// A handler held its shard up for longer than node_options::long_handler, and
/// has returned. Mirrors Erlang's long_schedule. Logged at level warning.
struct long_handler_report {
  pid id{};
  std::string label{};

  /// The type of the message; empty in init.
  std::string message{};

  /// From when it was first seen running, so a little short.
  duration took{};
};

std::string to_string(const long_handler_report& x);
std::string to_string(const progress_report& x);
std::string to_string(const supervisor_report& x);
std::string to_string(const crash_report& x);

void report(node& where, const progress_report& x);
void report(node& where, const supervisor_report& x);
void report(node& where, const crash_report& x);
void report(node& where, const long_handler_report& x);

namespace detail {

struct envelope;

/// Reports the crash of a process while its object still lives.
void report_crash(process_core& core, const exit_reason& why,
                  const envelope* handled);

} // namespace detail

} // namespace bennu::runtime
