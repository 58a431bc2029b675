#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {

// Requests to a running supervisor, from any process of the node, each answered
// with what is named. Mirror supervisor's and DynamicSupervisor's functions;
// differ: a message, not a blocking call, so the asker picks the timeout, and
// a supervisor answers while a child of its starts or stops.
//
//     self.request(top, 5s, start_child{spec}).then([](child_result x) { … });

/// One child as `which_children` reports it.
struct child_info {
  std::string id{};

  /// No process when it does not run.
  pid child{};
  child_spec::kind type = child_spec::kind::worker;

  /// It crashed and is about to be started again, after a backoff perhaps.
  bool restarting = false;
  std::size_t restarts = 0;

  /// Why it ended the last time, by itself; empty: it never did.
  std::string last_exit{};
};

/// Answers std::vector<child_info>, in start order (OTP: newest first); of a
/// dynamic supervisor in no order, without ids.
struct which_children {};

/// Answers child_counts.
struct count_children {};
struct child_counts {
  /// Children known, running or not.
  std::size_t specs = 0;
  /// Children that run or are starting.
  std::size_t active = 0;
  std::size_t supervisors = 0;
  std::size_t workers = 0;
};

/// What became of one of the requests below: `error` is empty, or OTP's word
/// for it (`already_present`, `already_started`, `not_found`, `running`,
/// `restarting`, `max_children`, `simple_one_for_one`), `shutting_down`,
/// `terminated` when another request stopped the child as it started, or why
/// the child did not start. No error and no pid: the child ignored its start.
struct child_result {
  pid child{};
  std::string error{};
};

/// Adds a child, last, and starts it; answers once it has started. A spec whose
/// child does not start is not kept. A dynamic supervisor takes the id for
/// reports only.
struct start_child {
  child_spec spec;
};

/// Adds a child of a simple_one_for_one supervisor, from its template and
/// these arguments; answers once it has started, with child_result.
///
///     start_child_with{make_message(host, port)}
struct start_child_with {
  message args;
};

/// Stops a child by its shutdown policy; its spec stays, a temporary one's
/// does not. Answers once it is gone.
struct terminate_child {
  std::string id;
};

/// The same by pid: the only way with a dynamic supervisor.
struct terminate_child_pid {
  pid child;
};

/// Starts a child that was terminated or has ended. One being stopped still
/// counts as `running`.
struct restart_child {
  std::string id;
};

/// Forgets the spec of a child that does not run.
struct delete_child {
  std::string id;
};

/// Answers std::optional<child_spec>.
struct get_childspec {
  std::string id;
};

} // namespace bennu::runtime
