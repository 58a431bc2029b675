#include "runtime/detail/node_impl.hpp"

#include "runtime/detail/border.hpp"
#include "runtime/detail/probe_sheets.hpp"
#include "runtime/detail/signals_blocked.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <future>
#include <latch>
#include <stdexcept>
#include <utility>

#include <sched.h>

namespace bennu::runtime::detail {

namespace {

node_options checked(node_options options, bool simulated) {
  if (options.shards == 0)
    options.shards = std::max(1u, std::thread::hardware_concurrency());
  const auto most =
    pid::shards_max
    - std::min<std::size_t>(options.detached_max, pid::shards_max);
  if (options.shards > most)
    throw std::invalid_argument(fmt::format(
      "{} shards are too many: a node has at most {}", options.shards, most));
  if (simulated)
    options.private_files = false;
  return options;
}

/// The number in its pids, so that two nodes of one program never share one.
std::uint32_t next_node_number() {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

} // namespace

node_impl::node_impl(runtime::node& self_, node_options options_,
                     const clock& time_, bool simulated_)
  : self(self_), options(checked(std::move(options_), simulated_)), time(time_),
    simulated(simulated_), number(next_node_number()),
    border(std::make_shared<detail::border>(*this)),
    pool(std::make_unique<task_pool>(*this)), tables(options.tables_max) {
  config.set("scheduler.max-threads", options.blocking_threads);
  // One queue for all: stealing from a worker takes time with its length.
  config.set("scheduler.policy", caf::atom("sharing"));
  if (options.caf_setup)
    options.caf_setup(config);
  const signals_blocked guard;
  system = std::make_unique<caf::actor_system>(config);
  // Every shard's poller opens its descriptors here, before any shard leaves
  // the common file table.
  for (std::size_t i = 0; i < options.shards; ++i)
    shards.push_back(std::make_unique<shard_impl>(*this, i));
  detached = std::make_unique<detached_set>(*this);
  publish_process_sheets(probe, *this);
  publish_activity_sheet(probe, *this);
  publish_table_sheets(probe, *this);
  publish_node_sheets(probe, *this);
  publish_tree_sheet(probe, *this);
  publish_group_sheets(probe);
  publish_figures(probe, *this);
}

node_impl::~node_impl() {
  // A simulated node's processes end here; a real one's ended with their
  // threads.
  if (simulated)
    for_each_shard([](shard_impl& x) { x.enter([&x] { x.kill_all(); }); });
  border->close();
  detached.reset();
  shards.clear();
}

shard_impl* node_impl::here() const noexcept {
  auto* shard = current_shard();
  return shard && &shard->owner() == this ? shard : nullptr;
}

void node_impl::run_on(std::size_t shard, const std::function<void()>& f) {
  auto& where = shard_of(shard);
  if (simulated || current_shard() == &where)
    return where.enter(f);
  if (here())
    throw std::logic_error("a shard does not wait for another one; ask from a "
                           "process, e.g. by process::info or inspect");
  auto done = std::make_shared<std::promise<void>>();
  const auto ended = done->get_future();
  where.post([&f, done = std::move(done)] {
    f();
    done->set_value();
  });
  // A shard that stops drops it, and with it the promise: `f` has not run then,
  // as if nobody lived there.
  ended.wait();
}

void node_impl::start_threads() {
  std::latch ready{static_cast<std::ptrdiff_t>(shards.size())};
  std::atomic<int> failure{0};
  {
    const signals_blocked guard;
    for (auto& shard : shards)
      threads.emplace_back([&shard = *shard, &ready, &failure, this] {
        if (options.private_files && ::unshare(CLONE_FILES) != 0)
          failure = errno;
        ready.count_down();
        shard.run();
      });
  }
  ready.wait();
  if (failure != 0) {
    stop_threads();
    throw std::system_error(failure, std::generic_category(),
                            "a shard cannot have a file table of its own");
  }
  if (options.long_handler > std::chrono::milliseconds{0})
    start_watch();
}

void node_impl::start_watch() {
  std::vector<handler_pulse*> pulses;
  for (auto& shard : shards)
    pulses.push_back(&shard->pulse());
  const auto tell = [](const handler_watch::sight& x) {
    using ms = std::chrono::milliseconds;
    log(log_level::warning,
        "shard {} is held up: a handler of {} has been running for {} ms",
        x.shard, to_string(x.id),
        std::chrono::duration_cast<ms>(x.for_at_least).count());
  };
  const signals_blocked guard;
  watch = std::make_unique<handler_watch>(time, options.long_handler, number,
                                          std::move(pulses), tell);
}

bool node_impl::stop_threads() {
  watch.reset();
  for (auto& shard : shards)
    shard->request_stop();
  const bool all = detached->stop(options.blocked_timeout);
  for (auto& thread : threads)
    thread.join();
  threads.clear();
  // By now every task's process has ended and asked its function to stop.
  return pool->stop(options.blocked_timeout) && all;
}

bool node_impl::await_tree(const std::function<bool()>& done,
                           std::optional<std::chrono::milliseconds> limit) {
  if (simulated) {
    run_until_idle(nullptr);
    // A child that takes its time to stop has a timer running.
    while (!done()) {
      const auto due = next_due();
      if (due == time_point::max() || !advance_clock)
        return done();
      advance_clock(due);
      run_until_idle(nullptr);
    }
    return true;
  }
  std::unique_lock lock{tree.mutex};
  if (limit)
    return tree.changed.wait_for(lock, *limit, done);
  tree.changed.wait(lock, done);
  return true;
}

time_point node_impl::next_due() {
  auto due = time_point::max();
  for_each_shard(
    [&](const shard_impl& x) { due = std::min(due, x.next_due()); });
  return due;
}

void node_impl::run_until_idle(std::mt19937_64* shuffle) {
  bool worked = true;
  while (worked) {
    worked = false;
    const auto first = shuffle ? (*shuffle)() % shards.size() : 0;
    for (std::size_t i = 0; i < shards.size(); ++i)
      worked |= shards[(first + i) % shards.size()]->step(shuffle);
    detached->for_each([&](shard_impl& x) { worked |= x.step(shuffle); });
  }
}

} // namespace bennu::runtime::detail
