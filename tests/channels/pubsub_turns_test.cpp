#include "channels/pubsub/pubsub.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>

namespace bennu::channels {
namespace {

struct counting_hook final : runtime::shard::turn_hook {
  void turn_ended() override { ++turns; }
  std::size_t turns = 0;
};

/// Gets every message of its many subscriptions.
runtime::behavior subscriber(runtime::process& self, const pubsub& bus,
                             std::size_t subscriptions,
                             std::shared_ptr<std::promise<void>> all) {
  for (std::size_t i = 0; i < subscriptions; ++i)
    bus.subscribe(self, "news");
  return {[=, left = std::make_shared<std::size_t>(subscriptions)](int) {
    if (--*left == 0)
      all->set_value();
  }};
}

TEST(pubsub_turns, a_large_broadcast_gives_the_shard_a_turn_after_each_chunk) {
  constexpr std::size_t rows = 5'000;
  constexpr std::size_t chunk = 100;
  runtime::node node{{.shards = 1}};
  ASSERT_FALSE(node.start(runtime::one_for_one(
    "top", {}, pubsub_spec({.name = "bus", .chunk_max = chunk}))));
  const auto bus = pubsub::find(node, "bus");
  auto all = std::make_shared<std::promise<void>>();
  node.spawn(subscriber, bus, rows, all);
  counting_hook hook;
  node.run_on(0, [&] { node.shard_at(0).add_hook(hook); });
  std::size_t before = 0;
  node.run_on(0, [&] {
    before = hook.turns;
    bus.broadcast("news", 1);
  });
  all->get_future().wait();
  std::size_t after = 0;
  node.run_on(0, [&] {
    after = hook.turns;
    node.shard_at(0).remove_hook(hook);
  });
  EXPECT_GE(after - before, rows / chunk);
}

} // namespace
} // namespace bennu::channels
