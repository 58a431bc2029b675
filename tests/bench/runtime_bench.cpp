// What the runtime's verbs cost, in nanoseconds, on one shard each: the rows
// that the goals compare with Erlang's.
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"

#include <benchmark/benchmark.h>

#include <future>
#include <memory>
#include <vector>

namespace {

using namespace bennu::runtime;

struct tick {};
struct ask {};

using done_ptr = std::shared_ptr<std::promise<void>>;

done_ptr make_done() {
  return std::make_shared<std::promise<void>>();
}

behavior echo(process& self) {
  return {[&self](int left) { self.send(self.sender(), left); },
          [](ask) { return 1; }};
}

void ping_pong(benchmark::State& state) {
  node n{{.shards = 1}};
  constexpr int rounds = 100'000;
  const auto partner = n.spawn(echo);
  for (auto _ : state) {
    auto done = make_done();
    n.spawn([=](process& self) -> behavior {
      self.send(partner, rounds);
      return {[&self, partner, done](int left) {
        if (left == 0) {
          done->set_value();
          self.stop();
        } else {
          self.send(partner, left - 1);
        }
      }};
    });
    done->get_future().wait();
  }
  state.SetItemsProcessed(state.iterations() * rounds * 2);
}

void call_round_trip(benchmark::State& state) {
  node n{{.shards = 1}};
  constexpr int rounds = 100'000;
  const auto server = n.spawn(echo);
  struct caller {
    process& self;
    pid server;
    done_ptr done;
    int left;
    void next() {
      if (left-- == 0) {
        done->set_value();
        return self.stop();
      }
      self.request(server, std::chrono::seconds{5}, ask{}).then([this](int) {
        next();
      });
    }
  };
  for (auto _ : state) {
    auto done = make_done();
    n.spawn([=](process& self) -> behavior {
      auto me = std::make_shared<caller>(caller{self, server, done, rounds});
      me->next();
      return {[me](tick) {}};
    });
    done->get_future().wait();
  }
  state.SetItemsProcessed(state.iterations() * rounds);
}

void spawn_and_exit(benchmark::State& state) {
  node n{{.shards = 1}};
  constexpr int count = 100'000;
  for (auto _ : state) {
    auto done = make_done();
    n.spawn([=](process& self) -> behavior {
      self.trap_exit(true);
      auto left = std::make_shared<int>(count);
      self.send(self.self(), tick{});
      return {[&self, left, done](tick) {
        for (int i = 0; i < 100; ++i)
          self.spawn([](process&) { return behavior{}; });
        *left -= 100;
        if (*left > 0)
          return self.send(self.self(), tick{});
        done->set_value();
        self.stop();
      }};
    });
    done->get_future().wait();
  }
  state.SetItemsProcessed(state.iterations() * count);
}

void spawn_idle(benchmark::State& state) {
  constexpr int count = 200'000;
  for (auto _ : state) {
    state.PauseTiming();
    auto n = std::make_unique<node>(node_options{.shards = 1});
    state.ResumeTiming();
    n->run_on(0, [&] {
      for (int i = 0; i < count; ++i)
        n->spawn(echo);
    });
    while (n->process_count() < count) {
    }
    state.PauseTiming();
    n.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * count);
}

void fan_out(benchmark::State& state) {
  node n{{.shards = 1}};
  constexpr int count = 100'000;
  auto seen = std::make_shared<int>(0);
  auto done = std::make_shared<done_ptr>();
  auto ids = std::make_shared<std::vector<pid>>();
  for (int i = 0; i < count; ++i)
    ids->push_back(n.spawn([seen, done](process&) -> behavior {
      return {[seen, done](tick) {
        if (++*seen == count)
          (*done)->set_value();
      }};
    }));
  for (auto _ : state) {
    *seen = 0;
    *done = make_done();
    auto wait = (*done)->get_future();
    n.spawn([ids](process& self) {
      const auto shared = make_message(tick{});
      for (const auto& id : *ids)
        self.send_message(id, shared);
      return behavior{};
    });
    wait.wait();
  }
  state.SetItemsProcessed(state.iterations() * count);
}

void timer_set_and_cancel(benchmark::State& state) {
  node n{{.shards = 1}};
  const auto pending = state.range(0);
  constexpr int count = 100'000;
  n.run_on(0, [&] {
    for (std::int64_t i = 0; i < pending; ++i)
      shard::current()->call_after(std::chrono::hours{1}, [] {});
  });
  for (auto _ : state)
    n.run_on(0, [&] {
      auto& home = *shard::current();
      for (int i = 0; i < count; ++i)
        home.cancel(home.call_after(std::chrono::seconds{30}, [] {}));
    });
  state.SetItemsProcessed(state.iterations() * count);
}

BENCHMARK(ping_pong)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(call_round_trip)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(spawn_and_exit)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(spawn_idle)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(fan_out)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(timer_set_and_cancel)
  ->Arg(0)
  ->Arg(1'000'000)
  ->Unit(benchmark::kMillisecond)
  ->UseRealTime();

} // namespace

BENCHMARK_MAIN();
