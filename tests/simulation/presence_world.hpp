#pragma once

#include "channels/presence.hpp"
#include "channels/testing/test_endpoint.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace bennu::channels {

/// Clients that keep a list of who is here, as phoenix.js does, in rooms where
/// others come, go, crash, join twice and say something else of themselves,
/// while trackers and pubsub servers are killed. Whenever all has been told,
/// each list is what the node's own is, and that is what the clients did.
/// Confined to the test's thread.
class presence_world {
public:
  explicit presence_world(std::uint64_t seed);
  ~presence_world();
  presence_world(const presence_world&) = delete;
  presence_world& operator=(const presence_world&) = delete;

  void run(int steps);

  /// What did not hold, each as a sentence.
  const std::vector<std::string>& faults() const noexcept { return faults_; }
  const std::vector<std::string>& trace() const noexcept { return trace_; }

  /// Diffs that clients were told, in all.
  std::size_t told() const noexcept { return told_; }

private:
  /// What a client makes of presence_state and presence_diff.
  class sync;

  struct member;

  void open();
  void act();
  void join(member& x);
  void join_again(member& x);
  void change(member& x);
  void end(member& x, const char* how);
  void kill_a_server();

  void settle();
  void hear(member& x);
  void check();
  void finish();
  std::string expected(const std::string& room) const;
  void fault(std::string what) { faults_.push_back(std::move(what)); }

  std::size_t pick(std::size_t n) { return random_() % n; }

  std::mt19937_64 random_;
  std::vector<std::string> faults_;
  std::vector<std::string> trace_;
  std::size_t told_ = 0;
  int opened_ = 0;
  int said_ = 0;
  std::size_t trackers_;
  testing::test_endpoint at_;
  presence here_;
  runtime::time_point killed_at_;
  std::vector<member> members_;
  runtime::sim_counts empty_;
};

} // namespace bennu::channels
