#include "transport/detail/deflater.hpp"
#include "transport/detail/inflater.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::transport::detail {
namespace {

using verdict = inflater::verdict;

std::string deflated(const std::string& text) {
  deflater x;
  return std::string(x.deflated({channels::opcode::binary, text})->payload());
}

/// Text that does not shrink.
std::string noise(std::size_t size) {
  std::string x;
  for (unsigned state = 1; x.size() < size;)
    x += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  return x;
}

/// The first verdict that is not good, or the last.
verdict run(inflater& x, const std::string& bytes, std::size_t piece) {
  x.start();
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (const auto seen = x.write(bytes.substr(at, piece));
        seen != verdict::good)
      return seen;
  return x.finish();
}

TEST(inflater, what_it_makes_of_a_message_does_not_depend_on_its_pieces) {
  // Above the ratio at first, and below it as a whole.
  const auto text = std::string(20'000, 'x') + noise(3000);
  const auto bytes = deflated(text);
  for (const std::size_t piece : {1u, 7u, 511u, 512u, 513u, 100'000u}) {
    inflater x{{.size_max = 100'000, .ratio_max = 25, .ratio_free = 4096}};
    EXPECT_EQ(run(x, bytes, piece), verdict::too_big) << piece;
    inflater gentle{{.size_max = 100'000, .ratio_max = 50, .ratio_free = 4096}};
    EXPECT_EQ(run(gentle, bytes, piece), verdict::good) << piece;
    EXPECT_EQ(gentle.text(), text) << piece;
  }
}

TEST(inflater, a_bomb_is_refused_while_its_bytes_arrive) {
  const auto bomb = deflated(std::string(10'000'000, 'x'));
  inflater x{{.size_max = 100'000, .ratio_max = 1u << 20, .ratio_free = 0}};
  x.start();
  std::size_t used = 0;
  auto seen = verdict::good;
  for (; seen == verdict::good && used < bomb.size(); ++used)
    seen = x.write(bomb.substr(used, 1));
  EXPECT_EQ(seen, verdict::too_big);
  EXPECT_LT(used, 300u); // of 9,700
  EXPECT_LE(x.text().size(), 100'000u + 4096u);
}

TEST(inflater, a_ratio_past_its_limit_is_refused_while_bytes_arrive) {
  const auto bomb = deflated(std::string(10'000'000, 'x'));
  inflater x{{.size_max = 20'000'000, .ratio_max = 25, .ratio_free = 4096}};
  x.start();
  EXPECT_EQ(x.write(bomb.substr(0, 511)), verdict::good);
  EXPECT_EQ(x.write(bomb.substr(511, 1)), verdict::too_big);
}

TEST(inflater, the_size_limit_holds_to_the_byte) {
  for (const std::size_t size : {999u, 1000u, 1001u}) {
    inflater x{{.size_max = 1000, .ratio_max = 1u << 20, .ratio_free = 0}};
    EXPECT_EQ(run(x, deflated(std::string(size, 'x')), 3),
              size <= 1000 ? verdict::good : verdict::too_big);
  }
}

TEST(inflater, goes_on_with_the_next_message_after_a_refused_one) {
  inflater x{{.size_max = 1000, .ratio_max = 25, .ratio_free = 1000}};
  const auto good = deflated(std::string(1000, 'x'));
  EXPECT_EQ(run(x, deflated(std::string(1001, 'x')), 1), verdict::too_big);
  EXPECT_EQ(run(x, good, 1), verdict::good);
  EXPECT_EQ(run(x, "\xff\xff", 1), verdict::broken);
  EXPECT_EQ(run(x, good, 1), verdict::good);
  EXPECT_EQ(x.text(), std::string(1000, 'x'));
}

} // namespace
} // namespace bennu::transport::detail
