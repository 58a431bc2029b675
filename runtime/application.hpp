#pragma once

#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/supervisor.hpp"

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

/// A tree with a name, what it needs and what it is configured with. Mirrors an
/// application resource file and its callback; differs: a value, with no
/// callback: what a program does around its tree it does in main. An
/// application is never restarted. Value.
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
};

using applications = std::vector<application_spec>;

/// The applications in the order to start them: each after those it depends on,
/// otherwise as given. Throws std::invalid_argument that names who is missing,
/// there twice, without a name, or in a cycle.
applications start_order(applications those);

/// A supervisor that starts them in this order, stops them in reverse, and ends
/// as their types say: what a program gives to node::run instead of one tree.
/// Throws as start_order does.
child_spec application_controller(applications those);

/// A request to the process registered as `application_controller`; answers
/// std::vector<application_info>, in start order.
struct which_applications {};
struct application_info {
  std::string name{};
  application_type type = application_type::permanent;

  /// Its top supervisor; no process once it has ended.
  pid top{};
};

/// The values of an application, thread-safe.
void set_env(node& where, std::string_view application, std::string_view key,
             message value);
message get_env(node& where, std::string_view application,
                std::string_view key);

} // namespace bennu::runtime
