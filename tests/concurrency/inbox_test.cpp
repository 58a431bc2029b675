#include "runtime/detail/inbox.hpp"
#include "runtime/detail/parcel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {
namespace {

constexpr std::size_t producers = 4;

pid producer(std::size_t number) {
  return {.node = 1, .slot = static_cast<std::uint32_t>(number), .serial = 1};
}

parcel letter(std::size_t from, int content) {
  auto x = std::make_unique<envelope>();
  x->sender = producer(from);
  x->content = make_message(content);
  return {producer(producers), std::move(x), nullptr};
}

/// How the owner waits for what comes: as a shard with io does, which others
/// have to wake, or as one without.
enum class owner { woken, waiting, waiting_for_a_time };

class inbox_test : public testing::TestWithParam<owner> {
protected:
  inbox<parcel> make() {
    if (GetParam() == owner::woken)
      return inbox<parcel>{[this] { called_.release(); }};
    return inbox<parcel>{};
  }

  void rest(inbox<parcel>& in) {
    switch (GetParam()) {
    case owner::woken:
      in.sleep([this] { called_.acquire(); });
      return;
    case owner::waiting:
      return in.wait_for(duration::max());
    case owner::waiting_for_a_time:
      return in.wait_for(std::chrono::minutes{1});
    }
  }

  /// Threads that call `f(number)`, begin at once and are joined at the end.
  template <class F>
  static std::vector<std::jthread> start(F f) {
    auto all_there = std::make_shared<std::latch>(producers);
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < producers; ++i)
      all.emplace_back([=] {
        all_there->arrive_and_wait();
        f(i);
      });
    return all;
  }

private:
  std::counting_semaphore<> called_{0};
};

INSTANTIATE_TEST_SUITE_P(owners, inbox_test,
                         testing::Values(owner::woken, owner::waiting,
                                         owner::waiting_for_a_time));

TEST_P(inbox_test, takes_all_and_what_one_pushed_in_its_order) {
  constexpr int each = 5000;
  auto in = make();
  const auto threads = start([&in](std::size_t me) {
    // Some one by one, some gathered, as shards do it.
    outbox<parcel> out;
    for (int i = 0; i < each; ++i)
      if (i % 1000 < 300)
        in.push(letter(me, i));
      else if (out.add(letter(me, i)) || i % 1000 == 999)
        out.hand_over(in);
  });
  std::vector<int> next(producers, 0);
  std::vector<parcel> arrived;
  for (std::size_t left = producers * each; left > 0;) {
    while (!in.take(arrived))
      rest(in);
    for (const auto& x : arrived)
      EXPECT_EQ(*x.letter->content.value_if<int>(),
                next[x.letter->sender.slot]++);
    left -= arrived.size();
    arrived.clear();
  }
  EXPECT_EQ(next, std::vector<int>(producers, each));
  EXPECT_FALSE(in.take(arrived));
}

TEST_P(inbox_test, what_comes_while_it_closes_is_taken_or_dropped) {
  auto in = make();
  const auto held = std::make_shared<int>(0);
  std::atomic<std::size_t> taken_in{0};
  auto threads = start([&](std::size_t me) {
    outbox<parcel> out;
    const auto next = [&] {
      auto x = letter(me, 0);
      x.signal = std::make_unique<signal>();
      x.signal->run = [held] {};
      return x;
    };
    while (in.push(next())) {
      ++taken_in;
      out.add(next());
      out.add(next());
      out.hand_over(in);
    }
    EXPECT_FALSE(in.push(next())) << "closed for good";
  });
  std::vector<parcel> arrived;
  for (std::size_t seen = 0; seen < 2000;) {
    while (!in.take(arrived))
      rest(in);
    seen += arrived.size();
    arrived.clear();
  }
  in.close();
  threads.clear();
  EXPECT_FALSE(in.take(arrived));
  EXPECT_GT(taken_in, 0u);
  EXPECT_EQ(held.use_count(), 1) << "whatever was dropped is gone";
}

TEST(outbox, is_full_at_its_limit_and_empty_when_handed_over) {
  inbox<parcel> in;
  outbox<parcel> out;
  const auto max = outbox<parcel>::gathered_max;
  for (std::size_t i = 1; i < max; ++i)
    EXPECT_FALSE(out.add(letter(0, 0)));
  EXPECT_TRUE(out.add(letter(0, 0)));
  EXPECT_TRUE(out.add(letter(0, 0))) << "one past it";
  out.hand_over(in);
  EXPECT_TRUE(out.empty());
  std::vector<parcel> arrived;
  EXPECT_TRUE(in.take(arrived));
  EXPECT_EQ(arrived.size(), max + 1);
  EXPECT_FALSE(out.add(letter(0, 0)));
}

} // namespace
} // namespace bennu::runtime::detail
