#include "channels/pubsub/interest.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace bennu::channels {
namespace {

bool has(const interest& x, std::size_t server, const topic& on) {
  bool found = false;
  x.for_each(on, [&](std::size_t i) { found = found || i == server; });
  return found;
}

TEST(interest, is_seen_by_whoever_has_heard_of_it) {
  constexpr std::size_t servers = 3;
  constexpr int rounds = 20'000;
  interest x{servers};
  // Told by each server after its first subscription: as a message does it.
  std::vector<std::atomic<int>> told(servers);
  std::atomic<bool> missed = false;
  std::vector<std::thread> threads;
  for (std::size_t server = 0; server < servers; ++server)
    threads.emplace_back([&, server] {
      for (int i = 0; i < rounds; ++i) {
        // All servers come and go in the same bucket; what has been told of
        // stays.
        x.add(server, "room");
        x.remove(server, "room");
        if (i % 100 == 0) {
          x.add(server, std::to_string(i));
          told[server].store(i, std::memory_order_release);
        }
      }
    });
  for (std::size_t server = 0; server < servers; ++server)
    threads.emplace_back([&, server] {
      for (int heard = 0; heard < rounds - 100;) {
        heard = told[server].load(std::memory_order_acquire);
        if (heard > 0 && !has(x, server, std::to_string(heard)))
          missed = true;
      }
    });
  for (auto& each : threads)
    each.join();
  EXPECT_FALSE(missed);
  for (std::size_t server = 0; server < servers; ++server)
    EXPECT_FALSE(has(x, server, "room"));
}

} // namespace
} // namespace bennu::channels
