#pragma once

#include "runtime/detail/handler_watch.hpp"
#include "runtime/detail/inbox.hpp"
#include "runtime/detail/member_pools.hpp"
#include "runtime/detail/parcel.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/process_table.hpp"
#include "runtime/detail/run_queue.hpp"
#include "runtime/detail/shard_timers.hpp"
#include "runtime/node.hpp"
#include "runtime/poller.hpp"
#include "runtime/shard.hpp"

#include <caf/execution_unit.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace bennu::runtime::detail {

/// What runs on a shard just now; frames nest when a process is entered from
/// another's handler.
struct running_frame {
  process_core* core = nullptr;
  envelope* current = nullptr;
  running_frame* outer = nullptr;
  std::optional<exit_reason> ending{};
  bool run_terminate = false;
};

/// A shard: CAF's execution unit for its processes, on one thread.
/// Everything is confined to the shard's thread but `push`, `post`,
/// `reserve_remote` and `request_stop`.
class shard_impl final : public caf::execution_unit, public runtime::shard {
public:
  /// Ready processes resumed, and messages each may handle, before the shard
  /// looks at its descriptors and its inbox again: a turn stays well below a
  /// millisecond.
  static constexpr std::size_t resumes_per_turn = 128;
  static constexpr std::size_t messages_per_resume = 64;

  shard_impl(struct node_impl& owner, std::size_t index);
  ~shard_impl() override;

  // -- runtime::shard --

  runtime::node& node() noexcept override;
  std::size_t index() const noexcept override { return index_; }
  runtime::poller& poller() override;
  time_point now() const noexcept override { return now_; }
  process* find(const pid& id) noexcept override;
  bool run_as(process& self, const std::function<void()>& f) override;
  timer_ref call_after(duration after, std::function<void()> f) override;
  bool cancel(timer_ref ref) override { return timers_.drop(ref).has_value(); }
  void add_hook(turn_hook& hook) override;
  void remove_hook(turn_hook& hook) override;
  void post(std::function<void()> f) override;

  // -- caf::execution_unit --

  void exec_later(caf::resumable* ptr) override {
    ready_.push({ptr, false}, priority_level::normal);
  }
  void make_ready(process_core& x) { ready_.push({&x, true}, x.priority()); }

  // -- the thread --

  void run();
  void request_stop();

  /// One step of a simulated node: at most one message is handled. False when
  /// there was nothing to do.
  bool step(std::mt19937_64* shuffle);

  /// Runs `f` as this shard, on a thread that plays it.
  void enter(const std::function<void()>& f);
  void advance_to(time_point now);
  time_point next_due() const noexcept { return timers_.next_due(); }
  std::size_t timer_count() const noexcept { return timers_.size(); }
  std::size_t ready_count() const noexcept { return ready_.size(); }
  void kill_all();

  /// One of a detached process, not of the node's own.
  bool is_lone() const noexcept { return lone_; }

  // -- processes --

  struct spawn_request {
    process_maker& maker;
    const spawn_options& how;
    process_core* parent;
    process::relation rel;
  };
  monitored_pid spawn(const spawn_request& request);

  process_core* find_core(const pid& id) const noexcept;
  void route(const pid& to, std::unique_ptr<envelope> x);
  void route(const pid& to, std::unique_ptr<signal> x);
  void push(parcel x);

  /// Ends a process that is not running; iterates, so that a chain of a
  /// million links takes no stack.
  void exit_now(process_core& core, exit_reason why, bool run_terminate);

  /// Ends a process after the running handler: for one that stops inside a
  /// direct call from another.
  void exit_soon(const pid& id, exit_reason why);

  // -- members of dynamic supervisors --

  const member_pools& pools() const noexcept { return pools_; }
  void member_ended(std::uint8_t pool, const pid& who);
  void parent_ended(const pid& parent, const exit_reason& why);

  /// Looks at every process of the shard.
  std::vector<process_core*> members_of(const pid& parent);

  shard_timers& timers() noexcept { return timers_; }
  monitor_ref next_ref() noexcept;
  running_frame*& frame() noexcept { return frame_; }
  handler_pulse& pulse() noexcept { return pulse_; }
  struct node_impl& owner() noexcept {
    return owner_;
  }
  process_table& table() noexcept { return table_; }

private:
  friend class process_core;

  struct ending {
    process_core* core;
    exit_reason why;
    bool run_terminate;
  };
  struct deferred_exit {
    pid id;
    exit_reason why;
  };

  void await_work();
  void turn();
  bool drain_inbox();
  void resume_next(std::size_t messages);
  void drop_ready();

  /// A request to the dead is answered with noproc, all else is dropped.
  void deliver(const pid& to, std::unique_ptr<envelope> x);
  void settle();
  duration until_next_work() const noexcept;
  std::function<void()> waker();
  void send_off(const pid& to, parcel x);
  void flush(std::size_t target);
  void flush_all();
  std::size_t place_of(const spawn_options& how, process::relation rel);
  void accept(parcel x);
  void accept_signal(const pid& to, signal& x);
  void accept_spawn(const pid& id, signal& x);

  /// How a new process is tied to the one that starts it.
  struct start_terms {
    pid parent;
    process::relation rel = process::relation::none;
    monitor_ref ref = 0;
    std::uint8_t pool = member_pools::none;
  };
  void tie_to_child(process_core& parent, const pid& child, start_terms& terms);
  static void tie_to_parent(process_core& child, const start_terms& terms);
  void start_core(const pid& id, process_maker& maker, const spawn_options& how,
                  const start_terms& terms);

  struct node_impl& owner_;
  std::size_t index_;

  /// None for a lone shard, which waits for its inbox alone.
  std::optional<runtime::poller> poller_;
  time_point now_;
  run_queue ready_;
  process_table table_;
  member_pools pools_;
  shard_timers timers_;
  std::vector<turn_hook*> hooks_;
  running_frame* frame_ = nullptr;
  handler_pulse pulse_;
  std::deque<ending> endings_;
  bool ending_now_ = false;
  std::vector<deferred_exit> deferred_;
  std::vector<outbox<parcel>> outboxes_;
  std::uint64_t refs_ = 0;
  bool stopping_ = false;

  /// A detached process's.
  const bool lone_;
  inbox<parcel> inbox_;
  std::vector<parcel> arrived_;
};

/// The shard whose thread this is.
shard_impl* current_shard() noexcept;

} // namespace bennu::runtime::detail
