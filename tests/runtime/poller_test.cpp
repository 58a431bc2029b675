#include "runtime/poller.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

/// Notes what it is told, and does something with it.
struct listener final : poller::handler {
  void ready(poller::key which, std::uint32_t events) override {
    told.emplace_back(which, events);
    if (then)
      then();
  }
  std::vector<std::pair<poller::key, std::uint32_t>> told;
  std::function<void()> then;
};

/// A descriptor that is ready to be read from the start, or never.
struct descriptor {
  explicit descriptor(bool ready)
    : fd(::eventfd(ready ? 1 : 0, EFD_NONBLOCK)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { ::close(fd); }
  const int fd;
};

class poller_test : public ::testing::Test {
protected:
  bool look() {
    watched.wait({});
    return watched.dispatch();
  }

  poller watched;
};

TEST_F(poller_test, a_handler_gets_the_key_and_the_events_of_a_descriptor) {
  constexpr auto key = (poller::key{1} << poller::key_bits) - 1;
  listener one, other;
  const descriptor ready{true}, idle{false};
  const auto number = watched.add(one);
  ASSERT_TRUE(watched.watch(watched.add(other), idle.fd, 1, EPOLLIN));
  ASSERT_TRUE(watched.watch(number, ready.fd, key, EPOLLIN));
  EXPECT_TRUE(look());
  ASSERT_EQ(one.told.size(), 1u);
  EXPECT_EQ(one.told[0].first, key);
  EXPECT_EQ(one.told[0].second, std::uint32_t{EPOLLIN});
  EXPECT_TRUE(other.told.empty());
  watched.change(number, ready.fd, 7, EPOLLOUT);
  EXPECT_TRUE(look());
  ASSERT_EQ(one.told.size(), 2u);
  EXPECT_EQ(one.told[1].first, 7u);
  EXPECT_EQ(one.told[1].second, std::uint32_t{EPOLLOUT});
}

TEST_F(poller_test, what_is_no_descriptor_is_refused) {
  listener one;
  EXPECT_FALSE(watched.watch(watched.add(one), -1, 1, EPOLLIN));
  EXPECT_EQ(errno, EBADF);
}

TEST_F(poller_test, a_handler_that_is_removed_in_a_dispatch_hears_no_more) {
  listener one;
  const descriptor first{true}, second{true};
  const auto number = watched.add(one);
  ASSERT_TRUE(watched.watch(number, first.fd, 1, EPOLLIN));
  ASSERT_TRUE(watched.watch(number, second.fd, 2, EPOLLIN));
  listener next;
  one.then = [&] {
    watched.remove(number);
    EXPECT_EQ(watched.add(next), number) << "a number is used again";
  };
  EXPECT_TRUE(look());
  EXPECT_EQ(one.told.size(), 1u);
  EXPECT_TRUE(next.told.empty());
}

TEST_F(poller_test, it_wakes_for_another_thread_and_for_one_that_was_faster) {
  watched.wake();
  watched.wait(duration::max());
  EXPECT_TRUE(watched.dispatch());
  EXPECT_FALSE(look()) << "a wake-up counts once";
  std::thread waker{[this] { watched.wake(); }};
  watched.wait(duration::max());
  waker.join();
  EXPECT_TRUE(watched.dispatch());
}

TEST_F(poller_test, it_waits_no_longer_than_it_is_told) {
  listener one;
  const descriptor idle{false};
  ASSERT_TRUE(watched.watch(watched.add(one), idle.fd, 1, EPOLLIN));
  watched.wait(1us);
  EXPECT_FALSE(watched.dispatch());
}

TEST_F(poller_test, more_ready_descriptors_than_one_wait_takes_come_later) {
  listener one;
  const auto number = watched.add(one);
  std::vector<std::unique_ptr<descriptor>> all;
  for (std::size_t i = 0; i <= poller::events_max; ++i) {
    all.push_back(std::make_unique<descriptor>(true));
    ASSERT_TRUE(watched.watch(number, all.back()->fd, i, EPOLLIN | EPOLLET));
  }
  EXPECT_TRUE(look());
  EXPECT_EQ(one.told.size(), poller::events_max);
  EXPECT_TRUE(look());
  EXPECT_EQ(one.told.size(), poller::events_max + 1);
}

TEST_F(poller_test, one_handler_more_than_it_takes_is_refused) {
  listener one;
  for (std::size_t i = 0; i < poller::handlers_max; ++i)
    watched.add(one);
  EXPECT_THROW(watched.add(one), std::length_error);
  watched.remove(7);
  EXPECT_EQ(watched.add(one), 7);
}

} // namespace
} // namespace bennu::runtime
