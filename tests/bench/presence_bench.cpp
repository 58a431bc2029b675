// What presence costs, by the number of presences on the topic: a change must
// not grow with it.
#include "channels/presence.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/tracker/state.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace bennu;
using namespace bennu::channels;

/// A node whose room holds so many presences.
struct full_room {
  explicit full_room(std::size_t n) {
    runtime::log_threshold(runtime::log_level::error);
    presence_options options{.name = "presence", .pubsub = "bus"};
    options.tracking.diff_interval = std::chrono::seconds{1};
    const auto failure =
      node.start(runtime::rest_for_one("top", {}, pubsub_spec({.name = "bus"}),
                                       presence_spec(std::move(options))));
    if (failure)
      throw std::runtime_error(to_string(*failure));
    here = presence::find(node, "presence");
    who = node.spawn(
      [](runtime::process&) { return runtime::behavior{[](int) {}}; });
    for (std::size_t i = 0; i < n; ++i)
      here.track(who, "room", "user" + std::to_string(i), {{"n", i}});
  }

  runtime::node node{{.shards = 1}};
  presence here;
  runtime::pid who;
};

void track_and_untrack(benchmark::State& state) {
  full_room at{static_cast<std::size_t>(state.range(0))};
  const topic room{"room"};
  for (auto _ : state) {
    at.here.track(at.who, room, "me", {{"status", "here"}});
    at.here.untrack(at.who, room, "me");
  }
}
BENCHMARK(track_and_untrack)->Arg(1)->Arg(1000)->Arg(100'000);

void update(benchmark::State& state) {
  full_room at{static_cast<std::size_t>(state.range(0))};
  const topic room{"room"};
  for (auto _ : state)
    at.here.update(at.who, room, "user0", {{"status", "away"}});
}
BENCHMARK(update)->Arg(1)->Arg(1000)->Arg(100'000);

void get_by_key(benchmark::State& state) {
  full_room at{static_cast<std::size_t>(state.range(0))};
  const topic room{"room"};
  for (auto _ : state)
    benchmark::DoNotOptimize(at.here.get_by_key(room, "user0"));
}
BENCHMARK(get_by_key)->Arg(1000)->Arg(100'000);

void count(benchmark::State& state) {
  full_room at{static_cast<std::size_t>(state.range(0))};
  const topic room{"room"};
  for (auto _ : state)
    benchmark::DoNotOptimize(at.here.count(room));
}
BENCHMARK(count)->Arg(1000)->Arg(100'000);

/// The whole list as JSON, which grows with it.
void list(benchmark::State& state) {
  full_room at{static_cast<std::size_t>(state.range(0))};
  const topic room{"room"};
  for (auto _ : state)
    benchmark::DoNotOptimize(at.here.list(room));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(list)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// The whole list as a channel pushes it.
void state(benchmark::State& state) {
  full_room at{static_cast<std::size_t>(state.range(0))};
  const topic room{"room"};
  for (auto _ : state)
    benchmark::DoNotOptimize(at.here.state(room));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(state)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// A join of another node, into a state that knows 100,000 of it.
void merge_delta(benchmark::State& state) {
  tracker_state there{{"there", 1}};
  tracker_state here{{"here", 1}};
  here.replica_up(there.self());
  const runtime::pid who{.node = 1, .slot = 1, .serial = 1};
  for (int i = 0; i < 100'000; ++i)
    there.join(who, "room", "user" + std::to_string(i), {});
  here.merge(there.take_delta());
  for (auto _ : state) {
    const auto x = there.join(who, "room", "me", {});
    here.merge(there.take_delta());
    there.leave(x);
    here.merge(there.take_delta());
  }
}
BENCHMARK(merge_delta);

/// 100,000 presences to a node that knows none.
void merge_transfer(benchmark::State& state) {
  tracker_state there{{"there", 1}};
  const runtime::pid who{.node = 1, .slot = 1, .serial = 1};
  for (int i = 0; i < 100'000; ++i)
    there.join(who, "room", "user" + std::to_string(i), {});
  for (auto _ : state) {
    tracker_state here{{"here", 1}};
    here.replica_up(there.self());
    benchmark::DoNotOptimize(here.merge(there.extract(here.clocks())));
  }
}
BENCHMARK(merge_transfer)->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
