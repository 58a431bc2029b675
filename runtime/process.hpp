#pragma once

#include "runtime/behavior.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/process_info.hpp"
#include "runtime/request.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
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

  /// Alone on a thread of its own: its handlers may block, as CAF's `detached`.
  /// One past node_options::detached_max throws in the spawner. Meanwhile
  /// nothing reaches it, `kill` neither. What it spawns lives on the shards.
  bool detached = false;
};

/// A process and the monitor on it.
struct monitored_pid {
  pid id;
  monitor_ref ref = 0;
};

/// A registered name where a pid could stand. Value.
struct named {
  std::string name;
};

/// Stands for a process until that process takes it back: what is sent to it
/// later is dropped on arrival. Mirrors erlang:alias. Value.
struct process_alias {
  pid owner;
  std::uint64_t ref = 0;
};

namespace detail {

/// What send_after takes as its second argument and not as a message.
template <class T>
inline constexpr bool is_destination =
  std::is_same_v<std::decay_t<T>,
                 pid> || std::is_same_v<std::decay_t<T>, named>;

struct process_access;

} // namespace detail

/// How long an alias lives: until unalias, or until the first message.
enum class alias_mode : std::uint8_t { explicit_unalias, reply };

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

  /// Sends through an alias; dropped once its owner has taken it back.
  template <class... Ts>
  void send(const process_alias& to, Ts&&... xs) {
    send_message(to, make_message(std::forward<Ts>(xs)...));
  }

  void send_message(const pid& to, message msg);
  void send_message(const process_alias& to, message msg);
  bool send_message(std::string_view name, message msg);

  /// Makes an alias of this process; at most aliases_max at once, one more
  /// throws std::length_error.
  process_alias alias(alias_mode mode = alias_mode::explicit_unalias);

  /// False when it was not active any more.
  bool unalias(const process_alias& x);

  /// A request that waits makes an alias of its own: these are few.
  static constexpr std::size_t aliases_max = 1000;

  /// Sends a request, monitors `to` until it answers. Mirrors
  /// gen_server:call, but without blocking: the answer comes to `then`, and a
  /// late one is dropped.
  template <class... Ts>
  pending_request request(const pid& to, duration timeout, Ts&&... xs) {
    return request_message(to, timeout, make_message(std::forward<Ts>(xs)...));
  }
  pending_request request_message(const pid& to, duration timeout, message msg);

  /// Asks for what node::info tells, from a process; answers a process_info,
  /// or `noproc` for a dead one.
  pending_request info(const pid& of,
                       duration timeout = std::chrono::seconds{5});

  /// Runs `f` on another process between two of its handlers, ahead of its
  /// mailbox; its result is the answer. A throw of `f` ends nobody and is the
  /// failure. What sys is made of: `f` runs on the other's shard and may only
  /// touch what it is given.
  using inspector = std::function<message(process&)>;
  pending_request inspect(const pid& of, duration timeout, inspector f);

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

  /// Starts a `T` linked to this process; the answer is its pid once its init
  /// has returned. A start that fails, or is ignored (with `normal`), is the
  /// request's failure and sends no exit signal; one that takes longer than
  /// `timeout` is killed. Mirrors gen_server:start_link, without blocking.
  template <class T, class... Ts>
  pending_request start_link(const spawn_options& how, duration timeout,
                             Ts&&... args);
  pending_request start_maker(detail::process_maker& maker,
                              const spawn_options& how, duration timeout);
  template <class T, class... Ts>
  pid spawn(const spawn_options& how, std::in_place_type_t<T>, Ts&&... args);

  /// What ties a process to the one that starts it. `child` is a link whose
  /// start is also acknowledged: a supervisor's. `start` is a link and a
  /// request that is answered when the start is done. `member` is a link that
  /// costs the parent nothing: a dynamic supervisor's, on its own shard.
  enum class relation { none, link, monitor, child, start, member };
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

  /// Monitors whoever has the name now; the down_message carries it.
  monitor_ref monitor(std::string_view name);

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

  /// Who runs first on this shard; returns what it was.
  priority_level priority(priority_level x) noexcept;
  priority_level priority() const noexcept;

  /// Gives back what memory an idle process can do without, once the running
  /// handler has returned. Mirrors erlang:hibernate; differs: the handlers
  /// stay as they are, and hibernated() is the place to drop caches.
  void hibernate();

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

  /// Registers a name for this process; false when it is taken or empty, or
  /// this process has one already (Erlang: badarg).
  bool register_name(std::string_view name);

  /// Gives this process's name back; false when it has none.
  bool unregister_name();

  // -- timers --

  /// Sends `xs` to `to` after `delay`; dropped if `to` is dead by then.
  template <class... Ts>
  timer_ref send_after(duration delay, const pid& to, Ts&&... xs) {
    return send_message_after(delay, to, make_message(std::forward<Ts>(xs)...));
  }

  /// Sends `xs` to this process after `delay`.
  template <class T, class... Ts>
  requires(!detail::is_destination<T>) timer_ref
    send_after(duration delay, T&& x, Ts&&... xs) {
    return send_message_after(
      delay, self(), make_message(std::forward<T>(x), std::forward<Ts>(xs)...));
  }

  /// Sends `xs` to whoever has the name when the time has come.
  template <class... Ts>
  timer_ref send_after(duration delay, const named& to, Ts&&... xs) {
    return send_message_after(delay, to, make_message(std::forward<Ts>(xs)...));
  }

  timer_ref send_message_after(duration delay, const pid& to, message msg);
  timer_ref send_message_after(duration delay, const named& to, message msg);

  /// Sends this process a timeout_message with the reference and `xs`. Mirrors
  /// erlang:start_timer.
  template <class... Ts>
  timer_ref start_timer(duration delay, Ts&&... xs) {
    return start_message_timer(delay, make_message(std::forward<Ts>(xs)...));
  }
  timer_ref start_message_timer(duration delay, message msg);

  /// How long until a point in time of the node's clock: for absolute timers.
  duration until(time_point when) const noexcept;

  /// Sends `xs` to this process every `period`, counted from the start, so that
  /// it does not drift. Mirrors timer:send_interval without its server. At
  /// least a millisecond.
  template <class... Ts>
  timer_ref send_interval(duration period, Ts&&... xs) {
    return start_interval(period, make_message(std::forward<Ts>(xs)...));
  }
  timer_ref start_interval(duration period, message msg);

  /// The time that was left; nothing when it has fired (its message may be in
  /// the mailbox) or never was. Timers belong to the shard: only a process of
  /// the same one can cancel or read them.
  std::optional<duration> cancel_timer(timer_ref ref) noexcept;
  std::optional<duration> read_timer(timer_ref ref) const noexcept;

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

  /// Handles `msg` next, before all that waits; after init, first of all.
  void handle_next(message msg);

  /// Whether the message being handled is a request that nobody has answered.
  bool is_request() const noexcept;

  /// Makes the message being handled a request from `caller`: for one that was
  /// put aside with its take_reply_to().
  void answers_for(const reply_to& caller) noexcept;

  /// Whether this process ends once the running handler has returned.
  bool is_stopping() const noexcept;

  /// An exit signal from the parent while trapping exits: ends this process
  /// with the same reason, as OTP's behaviours do.
  virtual void parent_exited(const exit_reason& why) { stop(why); }

  /// Runs last, as OTP's terminate/2, after stop, a throw, or a parent's exit
  /// signal that is trapped; never on `kill`. Its throw becomes the reason.
  virtual void terminate(const exit_reason&) {}

  // -- what sys sees --

  /// What sys::get_state shows. Mirrors StatusName in sys; nothing by default.
  virtual message visible_state() const { return {}; }

  /// Takes another state; false when it is of the wrong type or there is none.
  virtual bool replace_state(const message&) { return false; }

  /// What kind of process it is: its class by default.
  virtual std::string initial_call() const;

  /// hibernate() has taken effect: drop what can be made again.
  virtual void hibernated() {}

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
  friend struct detail::process_access;

  void await_reply(monitor_ref ref, pending_request::any_answer then);
  bool expect_reply(monitor_ref ref, const pid& from, duration timeout);
  void begin_monitor(monitor_ref ref, const pid& other);

  /// The core lies right in front of its process object.
  detail::process_core& core() const noexcept;
};

} // namespace bennu::runtime

#include "runtime/detail/process_impl.hpp"
