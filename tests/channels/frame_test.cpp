#include "channels/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

using namespace std::string_literals;

std::string header_of(opcode op, std::size_t size) {
  const frame_ptr x{op, std::string(size, 'x')};
  EXPECT_EQ(x->payload(), std::string(size, 'x'));
  const auto wire = x->wire();
  EXPECT_TRUE(wire.ends_with(x->payload()));
  return std::string{wire.substr(0, wire.size() - size)};
}

TEST(frame, has_a_header_of_two_bytes_up_to_125) {
  EXPECT_EQ(header_of(opcode::text, 0), "\x81\x00"s);
  EXPECT_EQ(header_of(opcode::binary, 125), "\x82\x7D"s);
}

TEST(frame, has_a_header_of_four_bytes_up_to_65535) {
  EXPECT_EQ(header_of(opcode::text, 126), "\x81\x7E\x00\x7E"s);
  EXPECT_EQ(header_of(opcode::text, 65535), "\x81\x7E\xFF\xFF"s);
}

TEST(frame, has_a_header_of_ten_bytes_beyond) {
  EXPECT_EQ(header_of(opcode::binary, 65536),
            "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(frame, is_shared_by_its_copies) {
  const frame_ptr x{opcode::text, "hi"};
  auto copy = x;
  EXPECT_EQ(&*copy, &*x);
  copy = {};
  EXPECT_FALSE(copy);
  EXPECT_EQ(x->payload(), "hi");
}

TEST(frame, raw_bytes_have_no_header) {
  const auto x = frame_ptr::raw("HTTP/1.1 101");
  EXPECT_EQ(x->wire(), "HTTP/1.1 101");
  EXPECT_EQ(x->payload(), x->wire());
}

TEST(frame, a_compressed_one_says_so_in_its_first_reserved_bit) {
  const auto x = frame_ptr::compressed(opcode::text, "abc");
  EXPECT_EQ(x->wire(), "\xC1\x03"
                       "abc");
  EXPECT_EQ(x->payload(), "abc");
  EXPECT_EQ(x->opcode(), opcode::text);
}

} // namespace
} // namespace bennu::channels
