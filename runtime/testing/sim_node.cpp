#include "runtime/testing/sim_node.hpp"

#include "runtime/detail/node_impl.hpp"

#include <algorithm>
#include <utility>

namespace bennu::runtime {

namespace {

constexpr std::chrono::seconds call_timeout{5};

} // namespace

class sim_node::manual_clock final : public clock {
public:
  time_point now() const override { return now_; }
  void move_to(time_point t) { now_ = std::max(now_, t); }

private:
  // Not the epoch, so that a deadline before the start can be told.
  time_point now_{std::chrono::hours{1}};
};

/// The one door to a node's inside for simulations.
class sim_node_access {
public:
  static detail::node_impl& of(node& x) { return *x.impl_; }
  static void ask(node& x, const pid& to, message msg,
                  pending_request::any_answer then) {
    x.ask(to, std::move(msg), call_timeout, std::move(then));
  }
  static std::unique_ptr<node> make(node_options options, const clock& time) {
    return std::unique_ptr<node>(new node(std::move(options), time, true));
  }
};

sim_node::sim_node(sim_options options)
  : clock_(std::make_unique<manual_clock>()),
    node_(sim_node_access::make(
      {.name = "sim@nohost", .shards = options.shards}, *clock_)),
    shuffle_(options.seed), shuffled_(options.seed != 0) {
  auto& inside = sim_node_access::of(*node_);
  inside.advance_clock = [this, &inside](time_point t) {
    clock_->move_to(t);
    inside.for_each_shard([t](detail::shard_impl& x) { x.advance_to(t); });
  };
}

sim_node::~sim_node() = default;

runtime::node& sim_node::node() noexcept {
  return *node_;
}

time_point sim_node::now() const {
  return clock_->now();
}

sim_counts sim_node::live() const {
  const auto& inside = sim_node_access::of(*node_);
  sim_counts sum{.processes = node_->process_count(),
                 .names = node_->registered().size(),
                 .tables = node_->tables().size()};
  for (const auto& shard : inside.shards)
    sum.timers += shard->timer_count();
  return sum;
}

void sim_node::run() {
  sim_node_access::of(*node_).run_until_idle(shuffled_ ? &shuffle_ : nullptr);
}

void sim_node::advance(duration d) {
  auto& inside = sim_node_access::of(*node_);
  const auto target = clock_->now() + d;
  run();
  for (;;) {
    const auto due = std::min(target, inside.next_due());
    inside.advance_clock(due);
    run();
    if (due >= target)
      return;
  }
}

std::optional<exit_reason> sim_node::start(const child_spec& tree) {
  return node_->start(tree);
}

exit_reason sim_node::stop() {
  return node_->stop();
}

message sim_node::call_message(const pid& to, message msg) {
  std::optional<message> answer;
  std::optional<exit_reason> failure;
  sim_node_access::ask(*node_, to, std::move(msg),
                       [&](message* got, const exit_reason* why) {
                         if (got)
                           answer = *got;
                         else
                           failure = *why;
                       });
  run();
  if (!answer && !failure)
    advance(call_timeout);
  if (!answer)
    throw std::runtime_error("no answer from " + to_string(to) + ": "
                             + to_string(*failure));
  return std::move(*answer);
}

} // namespace bennu::runtime
