#pragma once

#include "runtime/log.hpp"
#include "runtime/table.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace bennu::runtime {

inline constexpr table_kind all_kinds[] = {
  table_kind::set, table_kind::ordered_set, table_kind::bag,
  table_kind::duplicate_bag};

/// A simulated node whose processes do what a test tells them, one thing after
/// another, and keep the messages that are not that.
class table_fixture : public testing::Test {
protected:
  using job = std::function<void(process&)>;
  using ages = table<int, std::string>;

  table_fixture() {
    log_to([](log_level, std::string_view) {});
  }
  ~table_fixture() override { log_to({}); }

  pid spawn(std::size_t shard = 0) {
    const auto id =
      sim.node().spawn({.shard = shard}, std::in_place_type<function_process>,
                       [this](process& self) -> behavior {
                         return {[&self](const job& f) { f(self); },
                                 [this, &self](const table_transfer& x) {
                                   transfers.emplace_back(self.self(), x);
                                 },
                                 [this](const down_message& x) {
                                   if (on_down)
                                     on_down(x);
                                 }};
                       });
    sim.run();
    return id;
  }

  /// Runs `f` as a handler of a process.
  void in(const pid& who, job f) {
    sim.node().send(who, std::move(f));
    sim.run();
  }

  /// The same, for a process made for it that stays.
  pid in_new(job f, std::size_t shard = 0) {
    const auto who = spawn(shard);
    in(who, std::move(f));
    return who;
  }

  void end(const pid& who, exit_reason why = exit_reason::shutdown()) {
    sim.node().exit(who, std::move(why));
    sim.run();
  }

  /// What a table_error thrown by `f` says; "" when none was.
  template <class F>
  static std::string error_of(F f) {
    try {
      f();
    } catch (const table_error& e) {
      return e.what();
    }
    return "";
  }

  /// A table of ages that a new process owns.
  ages make(table_options options = {.name = "ages"}) {
    ages made;
    owner = in_new([&](process& self) { made = ages::create(self, options); });
    return made;
  }

  /// One that everybody may write, this thread too.
  ages make_public(table_kind kind) {
    return make({.name = std::string("t.") + to_string(kind),
                 .kind = kind,
                 .access = table_access::public_,
                 .named = false});
  }

  sim_node sim{{.shards = 2}};
  pid owner;
  std::vector<std::pair<pid, table_transfer>> transfers;
  std::function<void(const down_message&)> on_down;
};

} // namespace bennu::runtime
