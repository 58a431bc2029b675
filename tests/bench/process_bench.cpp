// What our verbs cost, one row a call: prints `row value`, in nanoseconds an
// operation, for idle_memory in bytes; on one shard. The same rows as
// erlang/process_bench.erl; against_erlang.py runs both in turn.
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/table.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bennu::runtime;

struct tick {};
struct ask {};
struct up {
  pid who;
};

using clock_type = std::chrono::steady_clock;

template <class F>
double timed(int count, F f) {
  const auto begin = clock_type::now();
  f();
  const std::chrono::duration<double, std::nano> took =
    clock_type::now() - begin;
  return took.count() / count;
}

double median(std::vector<double> xs) {
  std::sort(xs.begin(), xs.end());
  return xs[xs.size() / 2];
}

using done_ptr = std::shared_ptr<std::promise<void>>;

/// Calls `f(done)` and waits until somebody has set it.
template <class F>
void until_done(F f) {
  const auto done = std::make_shared<std::promise<void>>();
  auto wait = done->get_future();
  f(done);
  wait.wait();
}

double resident() {
  std::ifstream in{"/proc/self/statm"};
  double size = 0;
  double pages = 0;
  in >> size >> pages;
  return pages * 4096;
}

behavior idle(process&) {
  return {[](tick) {}};
}

/// Starts idle processes and returns once each has run.
void start_idle(node& n, int count) {
  auto started = std::make_shared<int>(0);
  until_done([&](const done_ptr& done) {
    n.run_on(0, [&] {
      for (int i = 0; i < count; ++i)
        n.spawn([=](process& self) -> behavior {
          if (++*started == count)
            done->set_value();
          return idle(self);
        });
    });
  });
}

double idle_memory() {
  constexpr int count = 500'000;
  node n{{.shards = 1}};
  const auto before = resident();
  start_idle(n, count);
  return (resident() - before) / count;
}

double spawn_idle() {
  constexpr int count = 500'000;
  node n{{.shards = 1}};
  return timed(count, [&] { start_idle(n, count); });
}

double spawn_exit() {
  constexpr int count = 500'000;
  node n{{.shards = 1}};
  return timed(count, [&] {
    until_done([&](const done_ptr& done) {
      n.spawn([=](process& self) -> behavior {
        self.send(self.self(), count);
        return {[&self, done](int left) {
          for (int i = 0; i < 100; ++i)
            self.spawn([](process&) { return behavior{}; });
          if (left > 100)
            return self.send(self.self(), left - 100);
          done->set_value();
          self.stop();
        }};
      });
    });
  });
}

double ping_pong() {
  constexpr int rounds = 500'000;
  node n{{.shards = 1}};
  const auto partner = n.spawn([](process& self) -> behavior {
    return {[&self](int left) { self.send(self.sender(), left); }};
  });
  return timed(2 * rounds, [&] {
    until_done([&](const done_ptr& done) {
      n.spawn([=](process& self) -> behavior {
        self.send(partner, rounds);
        return {[&self, partner, done](int left) {
          if (left > 0)
            return self.send(partner, left - 1);
          done->set_value();
        }};
      });
    });
  });
}

double ring() {
  constexpr int length = 1000;
  constexpr int laps = 1000;
  node n{{.shards = 1}};
  return timed(length * laps, [&] {
    until_done([&](const done_ptr& done) {
      n.spawn([=](process& self) -> behavior {
        auto next = self.self();
        for (int i = 1; i < length; ++i)
          next = self.spawn([next](process& me) -> behavior {
            return {[&me, next](int lap) { me.send(next, lap); }};
          });
        self.send(next, laps);
        return {[&self, next, done](int lap) {
          if (lap > 1)
            return self.send(next, lap - 1);
          done->set_value();
        }};
      });
    });
  });
}

double call() {
  constexpr int rounds = 300'000;
  node n{{.shards = 1}};
  const auto server =
    n.spawn([](process&) -> behavior { return {[](ask) { return 1; }}; });
  struct caller {
    process& self;
    pid server;
    done_ptr done;
    int left = rounds;
    void next() {
      if (left-- == 0)
        return done->set_value();
      self.request(server, std::chrono::seconds{5}, ask{}).then([this](int) {
        next();
      });
    }
  };
  return timed(rounds, [&] {
    until_done([&](const done_ptr& done) {
      n.spawn([=](process& self) -> behavior {
        const auto me = std::make_shared<caller>(caller{self, server, done});
        me->next();
        return {[me](tick) {}};
      });
    });
  });
}

double fan_out() {
  constexpr int count = 100'000;
  node n{{.shards = 1}};
  const auto seen = std::make_shared<int>(0);
  const auto now = std::make_shared<done_ptr>();
  std::vector<pid> ids;
  n.run_on(0, [&] {
    for (int i = 0; i < count; ++i)
      ids.push_back(n.spawn([=](process&) -> behavior {
        return {[=](tick) {
          if (++*seen == count)
            (*now)->set_value();
        }};
      }));
  });
  std::vector<double> runs;
  for (int run = 0; run < 5; ++run) {
    *seen = 0;
    runs.push_back(timed(count, [&] {
      until_done([&](const done_ptr& done) {
        *now = done;
        n.spawn([&ids](process& self) {
          for (const auto& id : ids)
            self.send(id, tick{});
          return behavior{};
        });
      });
    }));
  }
  return median(runs);
}

double fan_in() {
  constexpr int count = 100'000;
  node n{{.shards = 1}};
  return timed(count, [&] {
    until_done([&](const done_ptr& done) {
      n.spawn([=](process& self) -> behavior {
        for (int i = 0; i < 100; ++i)
          self.spawn([to = self.self()](process& me) {
            for (int k = 0; k < count / 100; ++k)
              me.send(to, tick{});
            return behavior{};
          });
        const auto left = std::make_shared<int>(count);
        return {[left, done](tick) {
          if (--*left == 0)
            done->set_value();
        }};
      });
    });
  });
}

double timers(int pending) {
  constexpr int count = 500'000;
  node n{{.shards = 1}};
  double each = 0;
  until_done([&](const done_ptr& done) {
    n.spawn([&, done](process& self) -> behavior {
      for (int i = 0; i < pending; ++i)
        self.send_after(std::chrono::hours{1}, tick{});
      each = timed(count, [&] {
        for (int i = 0; i < count; ++i)
          self.cancel_timer(self.send_after(std::chrono::seconds{30}, tick{}));
      });
      done->set_value();
      return {[](tick) {}};
    });
  });
  return each;
}

double restart() {
  constexpr int restarts = 500;
  node n{{.shards = 1}};
  std::vector<double> runs;
  for (int run = 0; run < 20; ++run) {
    pid driver;
    until_done([&](const done_ptr& done) {
      driver = n.spawn([&, done](process& self) -> behavior {
        const auto left = std::make_shared<int>(restarts);
        const auto begin = std::make_shared<clock_type::time_point>();
        return {[=, &self, &runs](const up& x) {
          if (*left == restarts)
            *begin = clock_type::now();
          if ((*left)-- > 0)
            return self.exit(x.who, exit_reason::kill());
          const std::chrono::duration<double, std::nano> took =
            clock_type::now() - *begin;
          runs.push_back(took.count() / restarts);
          done->set_value();
        }};
      });
      const restart_intensity often{.max_restarts = 1'000'000,
                                    .within = std::chrono::seconds{1}};
      const auto child = [driver](process& self) -> behavior {
        self.send(driver, up{self.self()});
        return idle(self);
      };
      n.start(one_for_one("top", often, worker("child", child)));
    });
    n.stop();
  }
  return median(runs);
}

/// Runs `f(self)` in a process and waits.
template <class F>
void in_process(F f) {
  node n{{.shards = 1}};
  until_done([&](const done_ptr& done) {
    n.spawn([=](process& self) {
      f(self);
      done->set_value();
      return behavior{};
    });
  });
}

double table_set() {
  constexpr int keys = 500'000;
  double each = 0;
  in_process([&each](process& self) {
    each = timed(2 * keys, [&] {
      const auto t = table<int, int>::create(self, {.name = "t"});
      for (int key = 0; key < keys; ++key)
        t.insert(key, key);
      int found = 0;
      for (int key = 0; key < keys; ++key)
        found += t.find(key).has_value() ? 1 : 0;
      if (found != keys)
        std::abort();
    });
  });
  return each;
}

double table_bag() {
  constexpr int count = 200'000;
  double each = 0;
  in_process([&each](process& self) {
    const auto t = table<int, int>::create(
      self, {.name = "t", .kind = table_kind::duplicate_bag});
    for (int i = 0; i < 1'000'000; ++i)
      t.insert(1, i);
    each = timed(count, [&] {
      for (int i = 0; i < count; ++i)
        t.insert(1, i);
    });
  });
  return each;
}

} // namespace

int main(int argc, char** argv) {
  log_to([](log_level, std::string_view) {});
  const std::map<std::string, std::function<double()>> rows{
    {"idle_memory", idle_memory},
    {"spawn_idle", spawn_idle},
    {"spawn_exit", spawn_exit},
    {"ping_pong", ping_pong},
    {"ring", ring},
    {"call", call},
    {"fan_out", fan_out},
    {"fan_in", fan_in},
    {"timer", [] { return timers(0); }},
    {"timer_of_million", [] { return timers(1'000'000); }},
    {"restart", restart},
    {"table_set", table_set},
    {"table_bag", table_bag},
  };
  const auto row = rows.find(argc == 2 ? argv[1] : "");
  if (row == rows.end()) {
    std::fprintf(stderr, "usage: process_bench ROW, one of:");
    for (const auto& [name, run] : rows)
      std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  std::printf("%s %.1f\n", argv[1], row->second());
  // What lives on is the kernel's to free.
  std::fflush(stdout);
  std::_Exit(0);
}
