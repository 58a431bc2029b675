#pragma once

#include "runtime/caf.hpp"
#include "runtime/log.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime::testing_caf {

constexpr std::chrono::seconds patience{10};

/// What crosses the border in these tests.
struct ping {
  int n = 0;
};
struct note {
  std::string text;
};
/// Wants a note back.
struct hail {};

/// What the test tells an actor to do.
struct order {
  enum class kind { send, hail, request, link, unlink, monitor, trap, quit };
  kind what;
  caf::actor whom{};
};

/// Notes what happens on any thread; the test reads it in order.
class diary {
public:
  void write(std::string line) {
    const std::lock_guard guard{mutex_};
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  /// The next line; "nothing" when none comes in time.
  std::string next() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [this] { return !lines_.empty(); }))
      return "nothing";
    auto line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

  bool empty() {
    const std::lock_guard guard{mutex_};
    return lines_.empty();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
};

/// A node of two shards with processes that do what they are told.
class caf_test : public ::testing::Test {
protected:
  caf_test() : caf_test(node_options{}) {}
  explicit caf_test(node_options options) {
    log_to([this](log_level, std::string_view line) {
      logged.write(std::string{line});
    });
    options.shards = 2;
    node_ = std::make_unique<runtime::node>(std::move(options));
    border = std::make_unique<caf_border>(*node_);
    border->declare<ping>();
    border->declare<note>();
    border->declare<hail>();
  }
  ~caf_test() override {
    border.reset();
    node_.reset();
    log_to({});
  }

  runtime::node& node() { return *node_; }
  caf::actor_system& system() { return border->system(); }

  /// A process that notes what it is told in `seen`.
  pid spawn_witness(bool traps = true) {
    return node().spawn([this, traps](process& self) -> behavior {
      self.trap_exit(traps);
      return {
        [](const ping& x) { return x.n + 1; },
        [this](const note& x) { seen.write("note " + x.text); },
        [&self](hail) { self.send(self.sender(), note{"hello"}); },
        [this](const exit_message& x) {
          seen.write("exit " + to_string(x.reason));
        },
        [this](const down_message& x) {
          seen.write("down " + to_string(x.reason));
        },
        [&self](const std::function<void(process&)>& f) { f(self); },
      };
    });
  }

  /// Runs `f` in a process and waits for its end.
  void tell(const pid& id, std::function<void(process&)> f) {
    auto done = std::make_shared<std::promise<void>>();
    node().send(id, std::function<void(process&)>{[f, done](process& self) {
                  f(self);
                  done->set_value();
                }});
    done->get_future().wait_for(std::chrono::seconds{10});
  }

  /// Ends a process with a throw.
  void crash(const pid& id) {
    node().send(id, std::function<void(process&)>{
                      [](process&) { throw std::runtime_error("boom"); }});
  }

  // Actors and processes write here until the node has ended.
  diary seen;
  diary said;
  diary logged;
  std::unique_ptr<caf_border> border;

private:
  std::unique_ptr<runtime::node> node_;
};

} // namespace bennu::runtime::testing_caf

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bennu::runtime::testing_caf::ping)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bennu::runtime::testing_caf::note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bennu::runtime::testing_caf::hail)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bennu::runtime::testing_caf::order)
