#pragma once

#include "channels/testing/test_endpoint.hpp"
#include "transport/detail/shard_transport.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace bennu::transport {

/// Clients that poll a simulated node: late, twice at once, or gone while they
/// wait, while others speak, crash channels, disconnect them by id or drain
/// their shard. What a client has been told is whole, in order and told once;
/// its session ends for a reason or by its window; nothing of it stays.
/// Confined to the test's thread.
class polling_world {
public:
  explicit polling_world(std::uint64_t seed);
  ~polling_world();
  polling_world(const polling_world&) = delete;
  polling_world& operator=(const polling_world&) = delete;

  void run(int steps);

  /// What did not hold, each as a sentence.
  const std::vector<std::string>& faults() const noexcept { return faults_; }
  const std::vector<std::string>& trace() const noexcept { return trace_; }

  /// Messages that clients were told, in all.
  std::size_t told() const noexcept { return told_; }

private:
  class asker;

  /// What a request has come to.
  struct outcome {
    bool is_poll = false;
    runtime::time_point asked_at{};
    bool lost = false;
    bool done = false;
    bool failed = false;
    std::vector<std::string> messages{};
    runtime::pid process{};
  };

  /// A client, and what it has been told.
  struct poller {
    int id = 0;
    runtime::pid session{};
    std::vector<std::shared_ptr<outcome>> asked{};

    /// When it last polled, and when its session has surely been told so: the
    /// connection of a poll may break before the poll arrives.
    runtime::time_point last_poll{};
    runtime::time_point last_arrived{};

    /// Of the room's broadcasts.
    std::optional<int> last_said{};

    /// A membership has begun or ended since then; and among the last answers.
    bool rejoined = false;
    bool rejoins = false;

    int beats_sent = 0;
    std::set<int> beats_told{};

    /// A poll may have died with an answer in its hands.
    bool lost = false;
    /// It was told to go.
    bool dismissed = false;
    bool over = false;
  };

  void open();
  void act();
  void say();
  void ask(poller& x, std::vector<std::string> lines);
  void lose_a_poll(poller& x);
  void drain(std::size_t shard);
  void pass(std::chrono::milliseconds time);
  void settle();
  void finish();

  void gather(poller& x);
  void hear(poller& x, const std::string& text, std::vector<int>& said);
  void check_said(poller& x, std::vector<int> said);
  void check_life(poller& x);
  void fault(const poller& x, const std::string& what);

  std::size_t pick(std::size_t n) { return random_() % n; }

  std::mt19937_64 random_;
  std::vector<std::string> faults_;
  std::vector<std::string> trace_;
  std::size_t told_ = 0;
  int said_ = 0;
  int opened_ = 0;
  std::uint64_t slow_ = 0;
  std::vector<detail::shard_counters> counters_;
  channels::testing::test_endpoint at_;
  std::vector<detail::shard_transport_ptr> shared_;
  std::vector<poller> pollers_;
  runtime::sim_counts empty_;
};

} // namespace bennu::transport
