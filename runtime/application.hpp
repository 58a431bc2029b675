#pragma once

#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/supervisor.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// What the end of an application means to its node: permanent, the node stops
/// with the reason it ended with; transient, the same unless it ended orderly;
/// temporary, nothing. Mirrors application:start/2.
using application_type = restart_type;

/// What change_config did to an application's values, by key. Value.
struct config_changes {
  std::vector<std::string> changed{};
  std::vector<std::string> added{};
  std::vector<std::string> removed{};
};

/// A tree with a name, what it needs and what it is configured with. Mirrors an
/// application resource file and its callback module; differs: a value, whose
/// one callback is config_change: what a program does around its tree it does
/// in main. An application is never restarted. Value.
///
///     application_spec shop{.name = "shop",
///                           .depends_on = {"db"},
///                           .env = {{"currency", make_message("EUR")}},
///                           .tree = one_for_one("shop.top", {}, …)};
///     return node.run(application_controller({db, shop}));
struct application_spec {
  std::string name{};

  /// Applications that start before it and stop after it.
  std::vector<std::string> depends_on{};

  /// Set when it starts, under `name.key`, unless the node's environment has
  /// it already; gone when it has stopped.
  std::vector<std::pair<std::string, message>> env{};
  supervisor_spec tree{};
  application_type type = application_type::permanent;

  /// Called by the controller once change_config has set other values. Must not
  /// block; what it throws is the answer's error and ends nobody. Mirrors
  /// Module:config_change/3.
  std::function<void(node&, const config_changes&)> config_change{};
};

using applications = std::vector<application_spec>;

/// The applications in the order to start them: each after those it depends on,
/// otherwise as given. Throws std::invalid_argument that names who is missing,
/// there twice, without a name, or in a cycle.
applications start_order(applications those);

/// The same for `of` and all that it depends on, without the others.
applications start_order(applications those, const std::string& of);

/// A supervisor that starts them in this order, stops them in the reverse order
/// of their starts, and ends as their types say: what a program gives to
/// node::run instead of one tree. One that does not start then stops those
/// before it, and the node does not start. Throws as start_order does.
child_spec application_controller(applications those);

// -- a running node's applications --

// Requests to the process registered as `application_controller`, from any
// process of the node. All but which_applications answer application_result.
// Mirror application's functions of these names; differ: a message, not a
// blocking call.
//
//     self.request(node.whereis("application_controller"), 5s,
//                  ensure_all_started{"shop"})
//       .then([](application_result x) { … });

/// What became of a request: `error` is empty, or OTP's word: `already_loaded`,
/// `already_started`, `running`, `not_loaded: x`, `not_started: x, y`, or why
/// it did not start. `started` are those that were started for it, in order.
struct application_result {
  std::string error{};
  std::vector<std::string> started{};
};

/// Makes another application known; it does not start. What it depends on is
/// looked at when it starts. At most applications_max are known.
struct load_application {
  application_spec spec{};
};

/// More than a program has parts; a runaway that loads is noticed.
inline constexpr std::size_t applications_max = 1000;

/// Forgets one that does not run.
struct unload_application {
  std::string name{};
};

/// Starts a known one, with its own type or another. `not_started` names those
/// it depends on that do not run. One that fails to start changes nothing else,
/// whatever its type. Starts run one after the other, as asked for; at most
/// application_starts_max wait, one more is answered `busy`.
struct start_application {
  std::string name{};
  std::optional<application_type> type{};
};
inline constexpr std::size_t application_starts_max = 100;

/// Starts it and, before it, all it depends on that do not run. When one fails
/// those that this has started are stopped again.
struct ensure_all_started {
  std::string name{};
};

/// Stops one, whatever its type, without regard to those that depend on it, as
/// OTP does; one that is just starting, too. Answered once it has ended.
struct stop_application {
  std::string name{};
};

/// Gives one, running or not, these values in place of those it has, then calls
/// its config_change. They count until it is unloaded.
struct change_config {
  std::string name{};
  std::vector<std::pair<std::string, message>> env{};
};

/// Answers std::vector<application_info>: those known, in the order they became
/// so (OTP: the running ones).
struct which_applications {};
struct application_info {
  std::string name{};

  /// What its end means, or would mean: of its last start.
  application_type type = application_type::permanent;

  /// Its top supervisor; no process when it does not run.
  pid top{};
};

/// The values of an application, thread-safe.
void set_env(node& where, std::string_view application, std::string_view key,
             message value);
message get_env(node& where, std::string_view application,
                std::string_view key);

} // namespace bennu::runtime
