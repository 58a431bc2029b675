#pragma once

#include "channels/pubsub/pubsub.hpp"
#include "channels/tracker/tracker.hpp"
#include "runtime/testing/sim_node.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace bennu::channels {

/// Several simulated nodes with a tracker each, on a network that loses,
/// delays, doubles and reorders, and splits; processes that come and go; nodes
/// that crash and come again, or stop in good order; clocks that run at
/// different speeds. The seed decides. In the end the network heals, and every
/// node must show exactly the presences of the processes that live. Confined to
/// the test's thread.
class tracker_world {
public:
  explicit tracker_world(std::uint64_t seed);
  ~tracker_world();

  void run(int steps);

  /// What did not hold, each as a sentence.
  const std::vector<std::string>& faults() const noexcept { return faults_; }

  /// What happened, in order: the same for the same seed.
  const std::vector<std::string>& trace() const noexcept { return trace_; }

private:
  class wire;
  class recorder;
  friend class wire;
  friend class recorder;

  /// A presence, by what a user would know it by; the number is in its meta.
  using shown = std::tuple<std::string, std::string, int>; // topic, key, meta

  /// A life of a node.
  struct node_life {
    std::size_t index = 0;
    std::uint64_t vsn = 0;
    bool cut = false;     // nothing leaves it any more
    std::set<shown> told; // by diffs
    std::unique_ptr<runtime::sim_node> sim;
    pubsub bus;
    tracker who;
    double speed = 1;
    runtime::time_point killed_server_at{};
    std::map<runtime::pid, std::set<shown>> expected;
  };

  struct packet {
    std::chrono::milliseconds due{0};
    std::uint64_t number = 0;
    std::size_t from = 0;
    std::size_t to = 0;
    publication what;
  };

  // -- the network --

  void transmit(std::size_t from, std::size_t to, const publication& what);
  void deliver();
  bool connected(std::size_t a, std::size_t b) const {
    return side_[a] == side_[b];
  }
  void change_weather();

  // -- happening --

  void act();
  void start(std::size_t index);
  void lose(std::size_t index, bool orderly);
  void track_somebody();
  void change_somebody();
  void end_somebody();
  void kill_server();
  void pass(std::chrono::milliseconds time);

  // -- what must hold --

  void check_own(const node_life& x);
  void check_all();
  std::set<shown> shown_by(const node_life& x) const;
  void note_join(node_life& x, const shown& e);
  static void note_leave(node_life& x, const shown& e);

  std::size_t pick(std::size_t n) { return n == 0 ? 0 : random_() % n; }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  node_life* any_node();
  static runtime::pid any_process(node_life& x, std::size_t nth);
  void note(std::string line);
  void fault(const std::string& what);

  std::mt19937_64 random_;
  std::vector<std::string> faults_;
  std::vector<std::string> trace_;
  std::size_t pool_size_;
  std::vector<std::unique_ptr<node_life>> nodes_; // null while it is down
  std::vector<std::uint64_t> vsns_;
  std::vector<int> side_;
  std::vector<packet> packets_;
  std::uint64_t packets_sent_ = 0;
  std::chrono::milliseconds now_{0};
  unsigned loss_ = 0;
  unsigned doubling_ = 0;
  std::chrono::milliseconds delay_max_{0};
  int metas_ = 0;
};

} // namespace bennu::channels
