#pragma once

#include "runtime/backoff.hpp"
#include "runtime/process.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// When a supervisor starts a child again. As in OTP: permanent always,
/// transient unless it ended orderly (exit_reason::is_orderly), temporary
/// never.
enum class restart_type { permanent, transient, temporary };

/// Whether a supervisor ends, with `shutdown`, when significant children have
/// ended by themselves and are not restarted: never, at the first of them, or
/// once none of them is left. A child that was terminated on request or for a
/// sibling's sake does not count. Mirrors OTP's auto_shutdown.
enum class auto_shutdown { never, any_significant, all_significant };

const char* to_string(restart_type x);
const char* to_string(auto_shutdown x);

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

/// `brutal_kill`, `infinity` or `5000 ms`.
std::string to_string(const shutdown_policy& x);

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

  /// Its end may end the supervisor: see auto_shutdown. Not for a permanent
  /// child, which never ends for good.
  bool significant = false;

  /// Waits before restarts; without one, the supervisor's own.
  std::optional<runtime::backoff> backoff{};
};

/// What is wrong with a list of children, and the mend: a missing id or start,
/// an id that is there twice, a negative time, a significant child that is
/// permanent or whose supervisor never shuts down for it. Nothing when all is
/// right. Mirrors supervisor:check_childspecs; a supervisor checks the same
/// before it starts the first.
std::optional<std::string>
check_childspecs(const std::vector<child_spec>& specs,
                 auto_shutdown when = auto_shutdown::never);

/// The same for one child, without regard to others.
std::optional<std::string>
check_childspec(const child_spec& spec,
                auto_shutdown when = auto_shutdown::never);

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
