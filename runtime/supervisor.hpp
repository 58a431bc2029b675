#pragma once

#include "runtime/child_spec.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace bennu::runtime {

enum class strategy { one_for_one, one_for_all, rest_for_one };

/// More than `max_restarts` within `within`: the supervisor gives up, stops
/// its children and ends with `shutdown`, for its own supervisor to act.
/// Elixir's defaults, 3 in 5 s (OTP's are 1 in 5 s). Counted to the
/// nanosecond where OTP counts whole seconds. Value.
struct restart_intensity {
  std::size_t max_restarts = 3;
  std::chrono::milliseconds within{5000};
};

/// A supervisor and its children, before anything runs. Value.
struct supervisor_spec {
  std::string name{};
  runtime::strategy strategy = strategy::one_for_one;
  restart_intensity intensity{};
  std::vector<child_spec> children{};

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

// -- asking a running supervisor: requests, answered with what is named --

/// One child as `which_children` reports it.
struct child_info {
  std::string id{};
  pid child{};
  child_spec::kind type = child_spec::kind::worker;
  bool restarting = false;
  std::size_t restarts = 0;
};

/// Answers std::vector<child_info>, in start order (OTP: newest first).
struct which_children {};

/// Answers child_counts.
struct count_children {};
struct child_counts {
  std::size_t specs = 0;
  std::size_t active = 0;
  std::size_t supervisors = 0;
  std::size_t workers = 0;
};

/// What became of one of the requests below: `error` is empty, or OTP's word
/// for it (`already_present`, `already_started`, `not_found`, `running`,
/// `restarting`), or why the child did not start.
struct child_result {
  pid child{};
  std::string error{};
};

/// Adds a child, last, and starts it; answers once it has started. A spec whose
/// child does not start is not kept.
struct start_child {
  child_spec spec;
};

/// Stops a child by its shutdown policy; its spec stays, a temporary one's
/// does not. Answers once it is gone.
struct terminate_child {
  std::string id;
};

/// Starts a child that was terminated or has ended.
struct restart_child {
  std::string id;
};

/// Forgets the spec of a child that does not run.
struct delete_child {
  std::string id;
};

/// Supervises a list of children. Mirrors OTP's supervisor, without
/// blocking while a child starts: a child's start is a message away, so a
/// supervisor whose child hangs in init still answers and can be stopped.
/// Confined to its process.
class supervisor final : public process {
public:
  explicit supervisor(supervisor_spec spec);

protected:
  void init() override;
  bool starts_with_init() const override { return false; }
  void handle_message(message& msg) override;
  void parent_exited(const exit_reason& why) override;
  std::string label() const override { return "supervisor " + spec_.name; }

private:
  /// What one child is at. `doomed`: to be stopped; `wanted`: to be started;
  /// `retrying`: its restart failed, the next try is in the mailbox.
  enum class state {
    stopped,
    wanted,
    starting,
    running,
    doomed,
    stopping,
    retrying,
  };

  struct child_state {
    pid id{};
    supervisor::state state = state::stopped;
    /// Once stopped it is wanted again.
    bool again = false;
    std::size_t restarts = 0;
    /// Who waits for it to have started or stopped.
    reply_to waiting{};
    /// Started by a request just now: forgotten when it does not start.
    bool on_trial = false;
  };

  enum class phase { starting, running, stopping };

  void on_started(const pid& from);
  void on_end(const pid& from, const exit_reason& why);
  void on_stopped(std::size_t index, const exit_reason& why);
  void on_unexpected_end(std::size_t index, state was, const exit_reason& why);
  void on_stop_timeout(std::uint64_t round);
  void on_try_again(const std::string& id);

  bool handle_request(message& msg);
  void add(const child_spec& spec);
  void terminate_by_request(std::size_t index);
  void restart_by_request(std::size_t index);
  void remove(std::size_t index);
  void tell(child_state& child, child_result what);

  void restart(std::size_t index);
  void retry_later(std::size_t index);
  void take_along(std::size_t index);
  bool restart_allowed();

  /// Takes the next step: stop the last doomed child, else start the first
  /// wanted one, else all is done.
  void advance();
  void launch(std::size_t index);
  void take_down(std::size_t index);
  void begin_stop(exit_reason why);

  std::size_t index_of(const pid& id) const noexcept;
  std::size_t index_of(const std::string& id) const noexcept;
  child_counts count() const;
  std::vector<child_info> list() const;

  supervisor_spec spec_;
  std::vector<child_state> children_;
  std::vector<time_point> restarts_;
  phase phase_ = phase::starting;
  std::uint64_t stop_round_ = 0;
  timer_ref stop_timer_ = 0;
  monitor_ref stop_monitor_ = 0;
  exit_reason why_;
};

} // namespace bennu::runtime
