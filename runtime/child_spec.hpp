#pragma once

#include "runtime/process.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bennu::runtime {

/// When a supervisor starts a child again. As in OTP: permanent always,
/// transient unless it ended orderly (exit_reason::is_orderly), temporary
/// never.
enum class restart_type { permanent, transient, temporary };

/// How long a child may take to stop. Value.
struct shutdown_policy {
  /// `kill` at once.
  static shutdown_policy brutal_kill() { return {std::nullopt, true}; }
  /// `shutdown`, and wait for ever: for supervisors.
  static shutdown_policy infinity() { return {std::nullopt, false}; }
  /// `shutdown`, then `kill` after `t`.
  static shutdown_policy after(std::chrono::milliseconds t) {
    return {t, false};
  }

  std::optional<std::chrono::milliseconds> timeout{};
  bool kill = false;

  friend bool operator==(const shutdown_policy&,
                         const shutdown_policy&) = default;
};

/// A child of a supervisor: how to start, restart and stop it. Mirrors OTP's
/// child specification map. Differs: `start` describes the process itself, not
/// a function that returns a pid, so the supervisor links it always. Value.
struct child_spec {
  using start_function =
    std::function<std::unique_ptr<detail::process_maker>()>;

  enum class kind { worker, supervisor };

  std::string id{};
  start_function start{};
  restart_type restart = restart_type::permanent;
  shutdown_policy shutdown =
    shutdown_policy::after(std::chrono::milliseconds{5000});
  kind type = kind::worker;

  /// The name it is registered under and the shard it runs on.
  spawn_options how{};
};

/// A worker that runs a function: `worker("chat.history", history, 100)`. The
/// id is also the registered name.
template <class F, class... Ts>
child_spec worker(std::string id, F f, Ts... args) {
  auto start = [f, args...]() -> std::unique_ptr<detail::process_maker> {
    auto body = detail::bind_body(f, args...);
    return detail::make_maker<function_process>(std::move(body)).moved();
  };
  return {.id = id, .start = std::move(start), .how = {.name = id}};
}

/// A worker that is a `T`, built from `args`.
template <class T, class... Ts>
child_spec worker_of(std::string id, Ts... args) {
  auto start = [args...]() -> std::unique_ptr<detail::process_maker> {
    return detail::make_maker<T>(args...).moved();
  };
  return {.id = id, .start = std::move(start), .how = {.name = id}};
}

} // namespace bennu::runtime
