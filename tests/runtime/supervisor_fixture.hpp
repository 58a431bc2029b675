#pragma once

#include "runtime/log.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {

using namespace std::chrono_literals;
using names = std::vector<std::string>;

/// What the children of a tree did, in order, and how they are to start.
struct journal {
  names lines;
  std::map<std::string, int> failures_left;
  std::map<std::string, bool> ignores;
};

/// A child that notes its start and its end. Told a text it crashes, a number
/// it ends normally, a reason it stops with that.
class noted final : public process {
public:
  noted(std::string name, journal* out) : name_(std::move(name)), out_(out) {}

protected:
  void init() override {
    trap_exit(true);
    if (out_->ignores[name_])
      ignore();
    if (out_->failures_left[name_] > 0) {
      --out_->failures_left[name_];
      throw std::runtime_error("cannot start");
    }
    out_->lines.push_back("+" + name_);
  }
  void handle_message(message& msg) override {
    if (msg.holds<std::string>())
      throw std::runtime_error("told to crash");
    if (msg.holds<int>())
      stop();
    if (const auto* why = msg.value_if<exit_reason>())
      stop(*why);
  }
  void terminate(const exit_reason&) override {
    out_->lines.push_back("-" + name_);
  }

private:
  std::string name_;
  journal* out_;
};

/// A child that does not stop when asked.
class stubborn final : public process {
protected:
  void init() override { trap_exit(true); }
  void handle_message(message&) override {}
  void parent_exited(const exit_reason&) override {}
};

/// A child whose start takes for ever.
class never_started final : public process {
protected:
  bool starts_with_init() const override { return false; }
  void handle_message(message&) override {}
};

/// A simulated node, children that take notes, and the lines they log.
class supervisor_fixture : public testing::Test {
protected:
  supervisor_fixture() {
    log_to(
      [this](log_level, std::string_view line) { logged.emplace_back(line); });
  }
  ~supervisor_fixture() override {
    log_to({});
    log_threshold(log_level::info);
  }

  child_spec child(std::string name,
                   restart_type restart = restart_type::permanent) {
    auto spec = worker_of<noted>(name, name, &out);
    spec.restart = restart;
    return spec;
  }

  child_spec significant(std::string name, restart_type restart) {
    auto spec = child(std::move(name), restart);
    spec.significant = true;
    return spec;
  }

  pid whereis(const std::string& name) { return sim.node().whereis(name); }

  void crash(const std::string& name) {
    sim.node().send(whereis(name), std::string("crash"));
    sim.run();
  }

  void end(const std::string& name,
           const exit_reason& why = exit_reason::normal()) {
    sim.node().send(whereis(name), why);
    sim.run();
  }

  void kill(const std::string& name) {
    sim.node().exit(whereis(name), exit_reason::kill());
    sim.run();
  }

  template <class Request>
  child_result ask(Request x, const std::string& whom = "top") {
    return sim.call<child_result>(whereis(whom), std::move(x));
  }

  std::vector<child_info> children(const std::string& of = "top") {
    return sim.call<std::vector<child_info>>(whereis(of), which_children{});
  }

  child_counts counts(const std::string& of = "top") {
    return sim.call<child_counts>(whereis(of), count_children{});
  }

  /// How many lines have `text` in them.
  std::size_t logs(std::string_view text) const {
    std::size_t n = 0;
    for (const auto& line : logged)
      n += line.find(text) != std::string::npos ? 1 : 0;
    return n;
  }

  names take() { return std::exchange(out.lines, {}); }

  journal out;
  names logged;
  sim_node sim;
};

} // namespace bennu::runtime
