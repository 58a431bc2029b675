#include "transport/write_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include <sys/uio.h>

namespace bennu::transport {
namespace {

using channels::frame_ptr;
using channels::opcode;

/// Takes up to `limit` bytes off the queue, as a socket would.
std::string take(write_queue& x, std::size_t limit = ~std::size_t{0},
                 std::size_t count_max = 64) {
  iovec parts[64];
  const auto n = x.gather(parts, count_max);
  std::string bytes;
  for (std::size_t i = 0; i < n; ++i)
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  bytes.resize(std::min(bytes.size(), limit));
  x.consume(bytes.size());
  return bytes;
}

frame_ptr frame(std::string_view payload) {
  return frame_ptr{opcode::text, payload};
}

TEST(write_queue, is_small_enough_for_a_million_idle_connections) {
  EXPECT_EQ(sizeof(write_queue), 2 * sizeof(void*));
}

TEST(write_queue, one_frame_goes_out_as_its_wire_bytes) {
  write_queue x;
  const auto f = frame("hi");
  x.push(f);
  EXPECT_EQ(x.bytes(), 4u);
  EXPECT_EQ(take(x), f->wire());
  EXPECT_TRUE(x.empty());
}

TEST(write_queue, frames_and_own_bytes_keep_their_order) {
  write_queue x;
  x.push(std::string("101"));
  x.push(frame("a"));
  x.push(std::string("pong"));
  x.push(frame("b"));
  EXPECT_EQ(x.frames(), 4u);
  EXPECT_EQ(take(x), "101\x81\x01"
                     "apong\x81\x01"
                     "b");
  EXPECT_EQ(x.frames(), 0u);
}

TEST(write_queue, no_bytes_are_no_element) {
  write_queue x;
  x.push(std::string());
  EXPECT_EQ(x.frames(), 0u);
}

TEST(write_queue, a_partial_write_goes_on_where_it_stopped) {
  write_queue x;
  std::string all;
  for (int i = 0; i < 500; ++i) {
    const auto f = frame(std::string(static_cast<std::size_t>(i % 7), 'x'));
    all += f->wire();
    x.push(f);
  }
  std::mt19937 random{1};
  std::string sent;
  while (!x.empty())
    sent += take(x, random() % 50);
  EXPECT_EQ(sent, all);
}

TEST(write_queue, a_queue_that_never_drains_keeps_only_what_waits) {
  write_queue x;
  x.push(frame("first"));
  x.push(frame("first"));
  for (int i = 0; i < 10'000; ++i) {
    x.push(frame("again"));
    EXPECT_EQ(take(x, 7).size(), 7u);
  }
  EXPECT_EQ(x.frames(), 2u);
  EXPECT_EQ(x.bytes(), 14u);
}

TEST(write_queue, gathers_no_more_parts_than_asked) {
  write_queue x;
  for (int i = 0; i < 5; ++i)
    x.push(frame("a"));
  EXPECT_EQ(take(x, ~std::size_t{0}, 2).size(), 6u);
  EXPECT_EQ(x.frames(), 3u);
}

TEST(write_queue, fits_up_to_its_limit_and_not_one_past) {
  write_queue x;
  x.push(std::string(10, 'x'));
  EXPECT_TRUE(x.fits(90, 100));
  EXPECT_FALSE(x.fits(91, 100));
}

TEST(write_queue, an_empty_queue_takes_a_frame_past_the_limit) {
  write_queue x;
  EXPECT_TRUE(x.fits(1000, 100));
}

TEST(write_queue, knows_whether_a_frame_is_half_sent) {
  write_queue x;
  x.push(frame("abc"));
  x.push(frame("def"));
  EXPECT_TRUE(x.at_frame_start());
  take(x, 2);
  EXPECT_FALSE(x.at_frame_start());
  take(x, 3);
  EXPECT_TRUE(x.at_frame_start());
}

TEST(write_queue, tells_its_only_piece) {
  write_queue x;
  EXPECT_EQ(x.only_piece(), "");
  const auto f = frame("abc");
  x.push(f);
  EXPECT_EQ(x.only_piece(), f->wire());
  take(x, 2);
  EXPECT_EQ(x.only_piece(), f->wire().substr(2));
  x.push(f);
  EXPECT_EQ(x.only_piece(), "");
}

TEST(write_queue, shares_a_frame_with_other_queues) {
  const auto f = frame("shared");
  write_queue a;
  write_queue b;
  a.push(f);
  b.push(f);
  take(a);
  EXPECT_EQ(take(b), f->wire());
}

TEST(write_queue, clear_forgets_all) {
  write_queue x;
  x.push(frame("abc"));
  x.push(frame("abc"));
  take(x, 1);
  x.clear();
  EXPECT_TRUE(x.empty());
  EXPECT_TRUE(x.at_frame_start());
  EXPECT_EQ(take(x), "");
}

} // namespace
} // namespace bennu::transport
