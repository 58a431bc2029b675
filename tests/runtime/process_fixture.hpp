#pragma once

#include "runtime/log.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::runtime {

struct add {};
struct get {};
struct crash {};
struct leave {};

inline behavior counter(process&) {
  auto sum = std::make_shared<int>(0);
  return {
    [=](add, int n) { *sum += n; },
    [=](get) { return *sum; },
    [](crash) { throw std::runtime_error("boom"); },
  };
}

/// Notes what a process is told, and does what the test says.
struct witness {
  std::vector<exit_message> exits;
  std::vector<down_message> downs;
  std::vector<std::string> notes;

  auto body(bool traps, std::function<void(process&)> first = {}) {
    return [this, traps, first](process& self) -> behavior {
      self.trap_exit(traps);
      if (first)
        first(self);
      return {
        [this](const exit_message& x) { exits.push_back(x); },
        [this](const down_message& x) { downs.push_back(x); },
        [this](const std::string& x) { notes.push_back(x); },
        [](const std::function<void()>& f) { f(); },
        [&self](leave) { self.stop(); },
      };
    };
  }
};

class process_test : public testing::TestWithParam<std::size_t> {
protected:
  process_test() : sim({.shards = GetParam()}) {
    log_to(
      [this](log_level, std::string_view line) { logged.emplace_back(line); });
  }
  ~process_test() override { log_to({}); }

  runtime::node& node() { return sim.node(); }

  /// Runs `f` inside a fresh process and until idle.
  pid in_process(std::function<void(process&)> f, bool traps = false) {
    const auto id = node().spawn(seen.body(traps, std::move(f)));
    sim.run();
    return id;
  }

  void tell(const pid& id, std::function<void()> f) {
    node().send(id, std::move(f));
    sim.run();
  }

  sim_node sim;
  witness seen;
  std::vector<std::string> logged;
};

} // namespace bennu::runtime
