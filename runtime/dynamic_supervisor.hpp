#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/child_template.hpp"
#include "runtime/detail/supervision.hpp"
#include "runtime/report.hpp"
#include "runtime/restart_intensity.hpp"
#include "runtime/supervisor_requests.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// How a dynamic supervisor is made. Mirrors DynamicSupervisor's options.
struct dynamic_supervisor_options {
  std::string name{};

  /// Children alive at once; one more is refused. The default is a shard's
  /// whole process table.
  std::size_t children_max = pid::processes_per_shard_max;

  /// How long the children started by a direct call may take together to stop
  /// before they are killed; those with a spec have its shutdown policy.
  std::chrono::milliseconds shutdown{5000};

  std::size_t shard = spawn_options::any_shard;

  /// For children that are started again.
  restart_intensity intensity{};
  std::optional<runtime::backoff> backoff{};

  /// With a template it is OTP's simple_one_for_one: all children are made
  /// from it, each with arguments of its own.
  std::optional<child_template> child{};
};

/// What is wrong with the options, and the mend; nothing when all is right.
std::optional<std::string> check(const dynamic_supervisor_options& options);

/// Supervises children that come and go: one for one, no ids, all stopped at
/// once, in the time of the slowest. Mirrors DynamicSupervisor, and with a
/// template OTP's simple_one_for_one.
///
/// There are two ways in. A direct call starts a `temporary` child on this
/// shard, without a message; it costs the supervisor nothing (see
/// relation::member): for sockets and channels, a million of them. A request
/// (start_child, start_child_with), from any process, starts a child of any
/// restart type on any shard and answers once it has started; such a child
/// costs a link and an entry here, and its start arguments are kept only while
/// it can be started again.
///
/// Requests: supervisor_requests.hpp; those by id answer `simple_one_for_one`,
/// terminate_child_pid stops a child of either way, and which_children looks at
/// every process of the shard. A child that ignores its start is forgotten.
/// Errors and the end are a supervisor's. Confined to its process.
///
///     self.request(pool, 5s, start_child{worker_of<upload>("upload", file)});
class dynamic_supervisor final : public process {
public:
  explicit dynamic_supervisor(dynamic_supervisor_options options);

  /// Starts a child linked to this supervisor, on this shard: no message is
  /// exchanged, so call it on this shard only. No process when it is full or
  /// stopping.
  pid start_child(detail::process_maker& maker);

  template <class T, class... Ts>
  pid start_child(std::in_place_type_t<T>, Ts&&... args) {
    auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
    return start_child(maker);
  }

  std::size_t child_count() const noexcept {
    return members_ + tracked_.size();
  }

  /// In no order. Call it on this shard only.
  std::vector<pid> children() const;

protected:
  void init() override;
  void handle_message(message& msg) override;
  void parent_exited(const exit_reason& why) override;
  std::string label() const override;

private:
  enum class state { starting, running, stopping, retrying };

  /// A child that came by request, under its pid; one that is retrying under
  /// its last.
  struct tracked : detail::tended_child {
    /// Shared by the template's temporary children; without `start` when it is
    /// not to be started again.
    std::shared_ptr<const child_spec> spec;
    dynamic_supervisor::state state = state::starting;
  };
  /// Ordered, so that a simulated run never depends on hashes.
  using child_map = std::map<pid, tracked>;

  /// One child has taken too long to stop, or all those that had `limit`.
  struct late_stop {
    pid child;
    std::chrono::milliseconds limit{0};
  };

  /// A child of a direct call that a request stops.
  struct member_stop {
    timer_ref timer = 0;
    std::vector<reply_to> stoppers{};
  };

  // -- what children report --

  void on_started(const detail::child_started& ack);
  void on_member_end(const pid& from);
  void on_end(child_map::iterator at, const exit_reason& why);
  void on_not_started(child_map::iterator at, const exit_reason& why);
  void on_terminated(child_map::iterator at, const exit_reason& why);
  void on_stopped(child_map::iterator at, const exit_reason& why);
  void on_try_again(const pid& last, std::uint64_t attempt);
  void on_stop_timeout(const pid& child);
  void forget(child_map::iterator at);

  // -- requests: dynamic_requests.cpp --

  bool handle_request(message& msg);
  std::string refusal(bool by_template) const;
  void add(child_spec spec);
  void add_from_template(const message& args);
  void terminate_by_request(const pid& child);
  void terminate_member(const pid& child);
  bool is_member(const pid& child) const;
  child_counts count() const;
  std::vector<child_info> list() const;

  // -- starting, restarting, stopping --

  void launch(tracked x, detail::process_maker& maker);
  void launch_first(std::shared_ptr<const child_spec> spec,
                    const reply_to& starter, detail::process_maker& maker);
  void restart(child_map::iterator at, const exit_reason& why, duration wait);
  void start_again(child_map::iterator at);
  void retry_later(child_map::iterator at, duration wait, bool counted);
  duration wait_before(tracked& x);
  void take_down(child_map::iterator at);
  void begin_stop(const exit_reason& why);
  void on_all_timeout(std::chrono::milliseconds limit);
  void stop_if_empty();
  detail::told_child told(child_map::const_iterator at) const;

  dynamic_supervisor_options options_;
  std::size_t members_ = 0;
  bool stopping_ = false;
  exit_reason why_;
  restart_window window_;
  std::uint64_t attempts_ = 0;
  child_map tracked_;
  std::map<pid, member_stop> member_stops_;
  /// Children that did not stop in order, by reason, for one report each.
  std::map<std::string, std::pair<exit_reason, offender>> complaints_;
  std::shared_ptr<const child_spec> shared_spec_;
};

/// As a child of a supervisor: permanent, shutdown infinity.
child_spec dynamic_supervisor_spec(dynamic_supervisor_options options);

/// A supervisor of children made from a template, in OTP's words.
///
///     simple_one_for_one("calls", {.max_restarts = 10},
///                        worker_template("call", call));
child_spec simple_one_for_one(std::string name, restart_intensity intensity,
                              child_template child);

} // namespace bennu::runtime
