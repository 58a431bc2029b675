#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/detail/supervision.hpp"
#include "runtime/restart_intensity.hpp"
#include "runtime/supervisor_requests.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// Who is started again with a child that died. simple_one_for_one is
/// dynamic_supervisor.
enum class strategy { one_for_one, one_for_all, rest_for_one };

/// A supervisor and its children, before anything runs: nothing is checked or
/// started until a node or another supervisor starts it. Mirrors what
/// supervisor's init/1 returns. Value.
///
///     auto tree = one_for_one("shop", {.max_restarts = 5, .within = 10s},
///                             worker("stock", stock), worker("till", till));
struct supervisor_spec {
  std::string name{};
  runtime::strategy strategy = strategy::one_for_one;
  restart_intensity intensity{};
  std::vector<child_spec> children{};
  runtime::auto_shutdown auto_shutdown = runtime::auto_shutdown::never;

  /// For children that have none of their own; without one, OTP's way: start
  /// again at once.
  std::optional<runtime::backoff> backoff{};

  /// As a child of another supervisor: permanent, shutdown infinity.
  operator child_spec() const;
};

/// A child that died is started again; the others do not notice.
template <class... Ts>
supervisor_spec one_for_one(std::string name, restart_intensity intensity,
                            Ts... children) {
  return {std::move(name),
          strategy::one_for_one,
          intensity,
          {child_spec(std::move(children))...}};
}

/// When one dies all are stopped, in reverse start order, and started again.
template <class... Ts>
supervisor_spec one_for_all(std::string name, restart_intensity intensity,
                            Ts... children) {
  return {std::move(name),
          strategy::one_for_all,
          intensity,
          {child_spec(std::move(children))...}};
}

/// When one dies, those started after it are stopped, then it and they are
/// started again.
template <class... Ts>
supervisor_spec rest_for_one(std::string name, restart_intensity intensity,
                             Ts... children) {
  return {std::move(name),
          strategy::rest_for_one,
          intensity,
          {child_spec(std::move(children))...}};
}

/// What is wrong with the spec of a supervisor, and the mend, naming it and the
/// child; nothing when all is right.
std::optional<std::string> check(const supervisor_spec& spec);

/// Supervises a list of children: starts them in order, starts again who dies,
/// stops them in reverse. Mirrors OTP's supervisor, without blocking while a
/// child starts or stops: a child's start is a message away, so a supervisor
/// whose child hangs in init still answers and can be stopped. One child starts
/// and one stops at a time, as there. Requests: supervisor_requests.hpp.
///
/// It never hangs on a child: each is monitored while it starts and while it
/// stops, so one that unlinks itself, or is killed meanwhile, is noticed; what
/// its start throws is a failed start. A failed restart is tried again through
/// a message to itself (or after the backoff) and counted each time, so what
/// else is in the mailbox is served in between. As in OTP, the end of a child
/// that has unlinked itself while it ran goes unseen.
///
/// Errors: a bad spec or a child that does not start ends it, before its start
/// is acknowledged, with an error that names the child; the children before it
/// are stopped again. Ends with `shutdown` when the intensity is reached or
/// auto_shutdown says so. Confined to its process.
class supervisor : public process {
public:
  explicit supervisor(supervisor_spec spec);

protected:
  void init() override;
  bool starts_with_init() const override { return false; }
  void handle_message(message& msg) override;
  void parent_exited(const exit_reason& why) override;
  std::string label() const override { return "supervisor " + name_; }

private:
  /// What one child is at. `doomed`: to be stopped; `wanted`: to be started;
  /// `retrying`: to be started when its next try comes, by message or timer.
  enum class state {
    stopped,
    wanted,
    starting,
    running,
    doomed,
    stopping,
    retrying,
  };

  struct child : detail::tended_child {
    child_spec spec;
    pid id{};
    supervisor::state state = state::stopped;
    /// Once stopped it is wanted again.
    bool again = false;
  };

  enum class phase { starting, running, stopping };

  // -- what children report: supervisor.cpp --

  void on_started(const detail::child_started& ack);
  void on_end(std::size_t index, const exit_reason& why);
  void on_stopped(std::size_t index, const exit_reason& why);
  void on_not_started(std::size_t index, const exit_reason& why);
  void on_terminated(std::size_t index, const exit_reason& why);
  void on_stop_timeout(monitor_ref watch);
  void on_try_again(std::uint64_t attempt);
  detail::told_child told(const child& x) const;
  bool shuts_down_without(bool significant) const;

  // -- requests: supervisor_requests.cpp --

  bool handle_request(message& msg);
  template <class F>
  void with_child(std::size_t at, F act);
  void add(const child_spec& spec);
  void terminate_by_request(std::size_t index);
  void restart_by_request(std::size_t index);
  void delete_by_request(std::size_t index);
  child_counts count() const;
  std::vector<child_info> list() const;

  // -- restarting --

  /// Counts a restart; gives up when it is one too many.
  bool count_restart(child& x, const exit_reason& why);
  void restart(std::size_t index, duration wait);
  void retry_later(child& x, duration wait, bool counted);
  duration wait_before(child& x);
  void take_along(std::size_t index);

  // -- starting and stopping, one child at a time --

  /// Takes the next step: stop the last doomed child, else start the first
  /// wanted one, else all is done.
  void advance();
  bool holds_up(const child& x) const;
  void launch(std::size_t index);
  void take_down(std::size_t index);
  void begin_stop(exit_reason why);
  void remove(std::size_t index);
  void forget_tries(child& x);

  template <class F>
  std::size_t index_if(F matches) const;
  std::size_t index_of(const pid& id) const;
  std::size_t index_of(const std::string& id) const;

  std::string name_;
  runtime::strategy strategy_;
  runtime::auto_shutdown auto_shutdown_;
  std::optional<backoff> backoff_;
  restart_window window_;
  /// Why the spec cannot run.
  std::optional<std::string> wrong_;
  std::vector<child> children_;
  phase phase_ = phase::starting;
  std::uint64_t attempts_ = 0;
  exit_reason why_;
};

template <class F>
std::size_t supervisor::index_if(F matches) const {
  std::size_t i = 0;
  while (i < children_.size() && !matches(children_[i]))
    ++i;
  return i;
}

} // namespace bennu::runtime
