#pragma once

#include "runtime/dynamic_supervisor.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::runtime {

/// How a worker of a random tree behaves.
struct worker_plan {
  std::string name{};
  bool traps = false;
  /// Does not stop when told to; its supervisor has to kill it.
  bool stubborn = false;
  /// Unlinks itself from its supervisor as it starts.
  bool loner = false;
  bool never_starts = false;
  bool crashes_in_terminate = false;
  std::chrono::milliseconds start_time{0};
  unsigned fails_percent = 0;
  unsigned ignores_percent = 0;
};

/// One simulated node with a tree that the seed grows, and what happens to it:
/// crashes, kills, requests, messages, monitors and links between anybody, in
/// an order and at times that the seed decides. What must hold is checked
/// whenever nothing is left to do. Confined to the test's thread.
class tree_world {
public:
  explicit tree_world(std::uint64_t seed);
  tree_world(const tree_world&) = delete;
  tree_world& operator=(const tree_world&) = delete;
  ~tree_world();

  void run(int steps);

  /// What did not hold, each as a sentence.
  const std::vector<std::string>& faults() const noexcept { return faults_; }

  /// What happened, in order: the same for the same seed.
  const std::vector<std::string>& trace() const noexcept { return trace_; }

private:
  class grown_worker;

  /// A supervisor's restarts as OTP would count them.
  struct restart_model {
    restart_intensity limit{};
    std::deque<std::int64_t> seconds{};
  };

  struct watched {
    pid watcher;
    pid target;
    int fired = 0;
    bool ended = false;
  };

  // -- growing --

  supervisor_spec grow_supervisor(int depth);
  child_spec grow_child(int depth);
  child_spec grow_worker();
  child_spec grow_dynamic();
  worker_plan plan();
  restart_intensity grow_intensity();
  void count_from(child_spec& spec, const restart_intensity& limit);

  // -- happening --

  void act();
  void ask_somebody();
  void start_member();
  void restart_tree();
  void start_tree();
  void note(std::string line);

  // -- what must hold --

  void watch_restarts();
  void on_restart(const std::string& supervisor, bool allowed);
  void check();
  void check_monitors();
  void check_names(const std::set<pid>& alive);
  void check_parents(const std::set<pid>& alive);
  void check_views(const std::set<pid>& alive);
  void check_empty();
  void fault(std::string what);

  std::size_t pick(std::size_t n) { return n == 0 ? 0 : random_() % n; }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  pid any_worker();
  pid any_supervisor();
  std::set<pid> alive();

  std::mt19937_64 random_;
  std::vector<std::string> faults_;
  std::vector<std::string> trace_;
  std::size_t names_given_ = 0;
  std::map<std::string, restart_model> restarts_;
  std::map<monitor_ref, watched> monitors_;
  std::map<pid, grown_worker*> workers_;
  /// Those whose supervisor does not hear of their end.
  std::set<pid> loners_;
  std::vector<std::string> supervisors_;
  std::vector<std::string> pools_;
  std::map<pid, pid> parents_;
  std::map<pid, time_point> orphans_;
  supervisor_spec tree_;
  int objects_ = 0;
  sim_node sim_;
};

} // namespace bennu::runtime
