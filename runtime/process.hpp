#pragma once

#include "runtime/behavior.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// Where and how a process starts.
struct spawn_options {
  /// Registered before the process runs; a taken name fails the start.
  std::string name{};

  /// The home shard; any_shard: the spawner's own, or from outside a shard
  /// the next in turn.
  static constexpr std::size_t any_shard = ~std::size_t{0};
  std::size_t shard = any_shard;
};

/// A process and the monitor on it.
struct monitored_pid {
  pid id;
  monitor_ref ref = 0;
};

/// Whom a request came from: keep it to answer later with process::reply.
struct reply_to {
  pid from;
  std::uint64_t request = 0;
  explicit operator bool() const noexcept { return request != 0; }
};

/// What ended a request without an answer: `timeout`, `noproc`, or the reason
/// the answering process ended with.
using on_error = std::function<void(const exit_reason&)>;

/// A request that was sent and waits for `then`.
class [[nodiscard]] pending_request {
public:
  /// Calls `f` with the answer, whose types are exactly its parameters, or
  /// `failed` with the reason there is none. Both run as handlers of the
  /// asking process. An answer of other types is a failure.
  template <class F>
  void then(F f, on_error failed = {});

  /// The same for an answer of any type; one of the two is null.
  using any_answer = std::function<void(message*, const exit_reason*)>;
  void then_message(any_answer f);

private:
  friend class process;
  pending_request(process& self, monitor_ref ref) : self_(self), ref_(ref) {}

  process& self_;
  monitor_ref ref_;
};

/// An Erlang process: a mailbox, a state only its own handlers touch, links
/// and monitors. It is a lean CAF actor pinned to one shard of a node. Derive
/// from it for a process with members, or spawn a function that returns a
/// behavior. Created by spawn only; lives until it exits, whoever holds its
/// pid. A throw out of any of its handlers ends it with `error: what()`.
/// Confined to its process.
class process {
public:
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  virtual ~process();

  // -- identity --

  pid self() const noexcept;
  runtime::node& node() const noexcept;
  runtime::shard& home() const noexcept;

  /// The process that spawned this one linked; no process when there is none.
  pid parent() const noexcept;

  // -- messages --

  /// Sends a message of `xs`. To a dead process: dropped, as in Erlang.
  template <class... Ts>
  void send(const pid& to, Ts&&... xs) {
    send_message(to, make_message(std::forward<Ts>(xs)...));
  }

  /// Sends to a registered name; false when nobody has it (Erlang: badarg).
  template <class... Ts>
  bool send(std::string_view name, Ts&&... xs) {
    return send_message(name, make_message(std::forward<Ts>(xs)...));
  }

  void send_message(const pid& to, message msg);
  bool send_message(std::string_view name, message msg);

  /// Sends a request, monitors `to` until it answers. Mirrors
  /// gen_server:call, but without blocking: the answer comes to `then`, and a
  /// late one is dropped.
  template <class... Ts>
  pending_request request(const pid& to, duration timeout, Ts&&... xs) {
    return request_message(to, timeout, make_message(std::forward<Ts>(xs)...));
  }
  pending_request request_message(const pid& to, duration timeout, message msg);

  /// The sender of the message being handled; no process for timers and
  /// messages from outside.
  pid sender() const noexcept;

  /// Whom to answer, when the message being handled is a request. Taking it
  /// makes the handler's own return value go nowhere.
  reply_to take_reply_to() noexcept;

  template <class... Ts>
  void reply(const reply_to& to, Ts&&... xs) {
    send_reply(to, make_message(std::forward<Ts>(xs)...));
  }
  void send_reply(const reply_to& to, message msg);

  // -- starting others --

  /// Starts `f(process&, args...)`, which returns a behavior, or a `T` built
  /// from `args...`. Does not wait for it.
  template <class F, class... Ts>
  pid spawn(F&& f, Ts&&... args);
  template <class F, class... Ts>
  pid spawn_link(F&& f, Ts&&... args);
  template <class F, class... Ts>
  monitored_pid spawn_monitor(F&& f, Ts&&... args);
  template <class T, class... Ts>
  pid spawn(const spawn_options& how, std::in_place_type_t<T>, Ts&&... args);

  /// What ties a process to the one that starts it. `child` is a link whose
  /// start is also acknowledged: a supervisor's. `member` is a link that costs
  /// the parent nothing: a dynamic supervisor's, on its own shard.
  enum class relation { none, link, monitor, child, member };
  monitored_pid spawn_maker(detail::process_maker& maker,
                            const spawn_options& how, relation rel);

  // -- links, monitors, exits --

  /// Links both; no-op when linked. A dead `other` sends `noproc` at once.
  void link(const pid& other);

  /// No exit signal over the link arrives after this returns.
  void unlink(const pid& other);

  /// One down_message with the returned reference when `other` ends; at once
  /// with `noproc` when it already has.
  monitor_ref monitor(const pid& other);

  /// Ends a monitor and removes its down_message if already queued ([flush]).
  /// False when the monitor had fired or never was.
  bool demonitor(monitor_ref ref);

  /// Sends an exit signal, by Erlang's rules: `kill` cannot be trapped and
  /// becomes `killed`; `normal` is ignored unless trapped, but ends a process
  /// that sends it to itself.
  void exit(const pid& to, exit_reason why);

  /// Ends this process here and now, by unwinding.
  [[noreturn]] void exit(exit_reason why);

  /// In init: ends this process here and now, without failing its start. Its
  /// supervisor goes on without it: a permanent or transient child stays known
  /// and can be restarted on request, a temporary one is forgotten. Mirrors
  /// init's return value ignore.
  [[noreturn]] void ignore();

  /// Ends this process once the running handler has returned.
  void stop(exit_reason why = exit_reason::normal());

  /// With true, exit signals but `kill` become exit_messages. Returns what it
  /// was.
  bool trap_exit(bool on) noexcept;

  // -- flags, dictionary --

  /// What happens when the mailbox holds `max` messages and one more comes:
  /// `kill` ends this process with `killed`, as max_heap_size does in Erlang;
  /// `report` logs it once and drops what comes until there is room again.
  enum class mailbox_policy { kill, report };

  /// Bounds the mailbox; 0, the default, is no limit. Exit signals taken as
  /// messages, answers and down_messages count but are never dropped.
  void limit_mailbox(std::size_t max, mailbox_policy policy);

  /// The process dictionary: what observers and libraries keep with a process.
  void put(std::string_view key, message value);
  message get(std::string_view key) const;
  message erase(std::string_view key);

  /// What observers call this process instead of what label() says; as
  /// proc_lib:set_label/1.
  void set_label(std::string_view text);

  // -- names --

  /// Registers a name for this process; false when it is taken.
  bool register_name(std::string_view name);

  // -- timers --

  /// Sends `xs` to `to` after `delay`; dropped if `to` is dead by then.
  template <class... Ts>
  timer_ref send_after(duration delay, const pid& to, Ts&&... xs) {
    return start_timer(delay, to, make_message(std::forward<Ts>(xs)...));
  }

  /// Sends `xs` to this process after `delay`.
  template <class T, class... Ts>
  requires(!std::is_same_v<std::decay_t<T>, pid>) timer_ref
    send_after(duration delay, T&& x, Ts&&... xs) {
    return start_timer(
      delay, self(), make_message(std::forward<T>(x), std::forward<Ts>(xs)...));
  }

  timer_ref start_timer(duration delay, const pid& to, message msg);

  /// False when it has fired (its message may be in the mailbox) or never was.
  bool cancel_timer(timer_ref ref) noexcept;

protected:
  process();

  // -- what a derived process does --

  /// Runs first, in the new process. A throw fails the start.
  virtual void init() {}

  /// True (default): the start has succeeded when init returns. A supervisor
  /// says false and calls started() once its children run.
  virtual bool starts_with_init() const { return true; }
  void started();

  virtual void handle_message(message& msg) = 0;

  /// An exit signal from the parent while trapping exits: ends this process
  /// with the same reason, as OTP's behaviours do.
  virtual void parent_exited(const exit_reason& why) { stop(why); }

  /// Runs last, as OTP's terminate/2: after stop, after a throw, and on an
  /// exit signal from the parent when trapping exits; never on `kill`.
  virtual void terminate(const exit_reason&) {}

  /// The processes this one is linked to.
  std::vector<pid> links() const;

  /// The members this one has started. Looks at every process of the shard.
  std::vector<pid> members() const;

  /// What observers call it, e.g. the class and its topic.
  virtual std::string label() const;

private:
  friend class detail::process_core;
  friend class detail::shard_impl;
  friend class pending_request;

  void await_reply(monitor_ref ref, pending_request::any_answer then);

  /// The core lies right in front of its process object.
  detail::process_core& core() const noexcept;
};

/// What `spawn` of a function makes.
class function_process final : public process {
public:
  using body = std::function<behavior(process&)>;
  explicit function_process(body f) : body_(std::move(f)) {}

protected:
  void init() override;
  void handle_message(message& msg) override;

private:
  body body_;
  behavior behavior_;
};

} // namespace bennu::runtime

#include "runtime/detail/process_maker.hpp"

namespace bennu::runtime {

// -- inline implementation ----------------------------------------------------

template <class F, class... Ts>
pid process::spawn(F&& f, Ts&&... args) {
  auto maker = detail::make_maker<function_process>(
    detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
  return spawn_maker(maker, {}, relation::none).id;
}

template <class F, class... Ts>
pid process::spawn_link(F&& f, Ts&&... args) {
  auto maker = detail::make_maker<function_process>(
    detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
  return spawn_maker(maker, {}, relation::link).id;
}

template <class F, class... Ts>
monitored_pid process::spawn_monitor(F&& f, Ts&&... args) {
  auto maker = detail::make_maker<function_process>(
    detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
  return spawn_maker(maker, {}, relation::monitor);
}

template <class T, class... Ts>
pid process::spawn(const spawn_options& how, std::in_place_type_t<T>,
                   Ts&&... args) {
  auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
  return spawn_maker(maker, how, relation::none).id;
}

inline void pending_request::then_message(any_answer f) {
  self_.await_reply(ref_, std::move(f));
}

template <class F>
void pending_request::then(F f, on_error failed) {
  then_message([f = std::move(f), failed = std::move(failed)](
                 message* answer, const exit_reason* why) mutable {
    detail::handled outcome;
    if (answer && !detail::try_handler(f, *answer, outcome) && failed)
      failed(exit_reason::error("unexpected answer " + answer->type_name()));
    if (why && failed)
      failed(*why);
  });
}

} // namespace bennu::runtime
