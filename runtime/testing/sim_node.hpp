#pragma once

#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>

namespace bennu::runtime {

/// How a simulated node runs.
struct sim_options {
  std::size_t shards = 2;

  /// Not 0: shuffles which shard and which ready process runs next; the same
  /// seed gives the same run. 0: in turn.
  std::uint64_t seed = 0;
};

/// What a node holds: all of it is back at 0 once everything has stopped.
struct sim_counts {
  std::size_t processes = 0;
  std::size_t names = 0;
  std::size_t tables = 0;

  /// Pending timers. One to a process that died on another shard stays until it
  /// is due.
  std::size_t timers = 0;

  friend bool operator==(const sim_counts&, const sim_counts&) = default;
};

/// A node without threads, on a clock that only advance() moves. Every step is
/// taken by the test, so a run is a function of its seed. A test needs no
/// port, no sleep and no lock. Confined to the test's thread.
class sim_node {
public:
  explicit sim_node(sim_options options = {});
  ~sim_node();

  runtime::node& node() noexcept;

  /// Runs until nothing is left to do at this moment. Timers do not fire.
  void run();

  /// Moves the clock on by `d`, firing what is due on the way, each timer at
  /// its own time; then runs until idle.
  void advance(duration d);

  time_point now() const;

  sim_counts live() const;

  /// Starts a tree and runs until it stands or has failed.
  std::optional<exit_reason> start(const child_spec& tree);
  exit_reason stop();

  /// Sends a request and runs until its answer; throws std::runtime_error with
  /// the reason when there is none.
  template <class R, class... Ts>
  R call(const pid& to, Ts&&... xs);

private:
  message call_message(const pid& to, message msg);

  class manual_clock;
  std::unique_ptr<manual_clock> clock_;
  std::unique_ptr<runtime::node> node_;
  std::mt19937_64 shuffle_;
  bool shuffled_;
};

template <class R, class... Ts>
R sim_node::call(const pid& to, Ts&&... xs) {
  const auto answer = call_message(to, make_message(std::forward<Ts>(xs)...));
  if (const auto* value = answer.template value_if<R>())
    return *value;
  throw std::runtime_error("unexpected answer " + answer.type_name());
}

} // namespace bennu::runtime
