#pragma once

#include "runtime/clock.hpp"
#include "runtime/fwd.hpp"
#include "runtime/process.hpp"
#include "runtime/table_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::runtime {

/// How a node is made.
struct node_options {
  /// Shown in logs and by observers, as in Erlang `name@host`.
  std::string name = "bennu@127.0.0.1";

  /// Threads, each a shard; 0: one a core. With detached_max at most
  /// pid::shards_max.
  std::size_t shards = 0;

  /// Each shard takes a file table of its own, so that the node holds `shards`
  /// times the file limit. Linux only.
  bool private_files = false;

  /// Tables at once: Erlang's ERL_MAX_ETS_TABLES. A table is for a service,
  /// not for a client. One more throws std::length_error.
  std::size_t tables_max = 8192;

  /// A handler that runs longer is reported, see long_handler_report: it holds
  /// up every process of its shard. 0: nobody looks.
  std::chrono::milliseconds long_handler{100};

  /// Detached processes at once, each with a thread of its own; one more fails
  /// to start. Sixteen, since a program that wants more wants the blocking
  /// pool (see task).
  std::size_t detached_max = 16;

  /// How long the node's end waits for what blocks: handlers of detached
  /// processes and functions of tasks. Past it they are left behind, with the
  /// memory they may still use, so that the end of a node never hangs on one.
  std::chrono::milliseconds blocked_timeout{5'000};

  /// Threads of the blocking pool, CAF's own scheduler: tasks and the CAF
  /// actors beside us run there. Four, so that a slow call or three do not
  /// hold up the rest; as many as a database has connections is a good number.
  std::size_t blocking_threads = 4;

  /// Functions of tasks that wait for a thread of the pool; one more fails its
  /// task. Enough for a burst, and seconds of work for four threads.
  std::size_t blocking_queue_max = 10'000;

  /// CAF actors that processes know at once; one more is unknown to them. As
  /// many as a program has workers and to spare; a runaway is noticed in time.
  std::size_t caf_proxies_max = 100'000;

  /// Adds to the configuration of CAF's actor system before it starts: message
  /// types to send over a network, modules to load.
  std::function<void(caf::actor_system_config&)> caf_setup{};

  /// How long run() waits for the tree to stop before it gives up.
  std::chrono::milliseconds stop_timeout{60'000};
};

/// A handler that runs just now.
struct running_handler {
  std::size_t shard = 0;
  pid id{};
  duration for_at_least{};
};

/// An Erlang node in this program: shards, processes, registered names.
/// Several may live in one program; they share nothing. Thread-safe, except
/// that construction, start, run and stop belong to one thread outside it.
///
///     runtime::node node{{.name = "chat@127.0.0.1"}};
///     return node.run(chat::tree(options));
class node {
public:
  explicit node(node_options options = {});
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Stops the tree if it still runs, then ends every process.
  ~node();

  const std::string& name() const noexcept;
  std::size_t shard_count() const noexcept;
  runtime::shard& shard_at(std::size_t index) noexcept;

  /// Where this node's events can be listened to.
  runtime::telemetry& telemetry() noexcept;

  /// What its processes share to read.
  runtime::environment& environment() noexcept;

  // -- running a tree --

  /// Starts the tree, a supervisor_spec or what else is a child, such as an
  /// application_controller, and returns once every child has started, or with
  /// the reason of the first that did not (the others are stopped again).
  std::optional<exit_reason> start(const child_spec& tree);

  /// Stops the tree in reverse start order; returns why it ended.
  exit_reason stop();

  /// start, wait for SIGTERM or SIGINT, stop. Returns what main should: 0 after
  /// an orderly stop, 1 when the tree did not start or ended by itself (the
  /// reason is logged). `started` is called once the tree stands. One node of a
  /// program may run().
  int run(const child_spec& tree, const std::function<void()>& started = {});

  // -- from outside --

  /// Starts a process; waits until it exists, not until it has started.
  template <class F, class... Ts>
  pid spawn(F&& f, Ts&&... args) {
    auto maker = detail::make_maker<function_process>(
      detail::bind_body(std::forward<F>(f), std::forward<Ts>(args)...));
    return spawn_maker(maker, {});
  }

  template <class T, class... Ts>
  pid spawn(const spawn_options& how, std::in_place_type_t<T>, Ts&&... args) {
    auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
    return spawn_maker(maker, how);
  }

  pid spawn_maker(detail::process_maker& maker, const spawn_options& how);

  /// Starts a `T` and waits until its init has returned; throws
  /// std::runtime_error with the reason when that fails, and kills what takes
  /// longer than `timeout`. Mirrors gen_server:start. Never from a shard.
  template <class T, class... Ts>
  pid start_process(const spawn_options& how, duration timeout, Ts&&... args) {
    auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
    return start_process_maker(maker, how, timeout);
  }
  pid start_process_maker(detail::process_maker& maker,
                          const spawn_options& how, duration timeout);

  template <class... Ts>
  void send(const pid& to, Ts&&... xs) {
    send_message(to, make_message(std::forward<Ts>(xs)...));
  }
  void send_message(const pid& to, message msg);

  /// Sends a request and waits for its answer; throws std::runtime_error with
  /// the reason when there is none within 5 s, as gen_server:call does. For
  /// threads outside the node and handlers of detached processes: never from a
  /// shard of the node.
  template <class R, class... Ts>
  R call(const pid& to, Ts&&... xs) {
    const auto answer = call_message(to, make_message(std::forward<Ts>(xs)...),
                                     std::chrono::seconds{5});
    if (const auto* value = answer.template value_if<R>())
      return *value;
    throw std::runtime_error("unexpected answer " + answer.type_name());
  }
  message call_message(const pid& to, message msg, duration timeout);

  /// An exit signal from nobody, e.g. from an operator.
  void exit(const pid& to, exit_reason why);

  // -- names --

  /// False when the name is taken or the process is not alive.
  bool register_name(std::string_view name, const pid& id);
  bool unregister_name(std::string_view name);
  pid whereis(std::string_view name) const;
  std::vector<std::string> registered() const;

  // -- looking in --

  // These ask the shards and wait: for threads outside the node. On a shard
  // they throw std::logic_error; see process::info.

  /// Empty for a dead process.
  std::optional<process_info> info(const pid& id);
  bool is_alive(const pid& id);

  /// The pids that started a process, the nearest first, as far as they live:
  /// `$ancestors`. At most ancestors_max.
  std::vector<pid> ancestors(const pid& id);
  static constexpr std::size_t ancestors_max = 64;

  /// The handlers that hold up their shards, seen from another thread: of a
  /// shard that hangs, all other questions wait for it. Empty in a simulated
  /// node and when long_handler is 0.
  std::vector<running_handler> running() const;

  /// Runs an inspector on a process and returns its answer; see sys. Throws
  /// std::runtime_error when the process is dead or the inspector fails.
  message inspect(const pid& id, const process::inspector& f);
  template <class R>
  R inspect(const pid& id, const process::inspector& f) {
    const auto answer = inspect(id, f);
    if (const auto* value = answer.template value_if<R>())
      return *value;
    throw std::runtime_error("unexpected answer " + answer.type_name());
  }

  /// Live processes.
  std::size_t process_count() const;

  /// The messages that wait in a mailbox, rendered, the oldest first, at most
  /// `max`.
  std::vector<std::string> peek_mailbox(const pid& id, std::size_t max);

  /// Live processes in slot order, at most `max`, those after `after` (no
  /// process: from the first): a bounded page of millions. Detached ones last.
  std::vector<pid> processes(const pid& after, std::size_t max);

  /// Every table, the oldest first: ets:all with ets:info.
  std::vector<table_info> tables() const;

  /// A table by its name or its info's id; empty when there is none.
  table_ref find_table(std::string_view name) const;
  table_ref find_table(std::uint64_t id) const;

  /// Runs `f` on a shard and waits for it. Never from a shard of this node.
  void run_on(std::size_t shard, const std::function<void()>& f);

private:
  friend class detail::shard_impl;
  friend class detail::process_core;
  friend class process;
  friend class sim_node_access;
  friend class caf_border;

  /// Sends a request from a process of its own, which hands the answer, or why
  /// there is none, to `then` and ends.
  void ask(const pid& to, message msg, duration timeout,
           pending_request::any_answer then);

  void begin(const child_spec& tree);

  struct impl;
  node(node_options options, const clock& time, bool simulated);
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::runtime
