#include "examples/load/frame.hpp"
#include "examples/load/wire.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace load;

TEST(load_frame, a_client_masks_with_a_key_of_zero) {
  std::string bytes;
  append_frame(bytes, opcode::text, "hi");
  EXPECT_EQ(bytes, std::string("\x81\x82\0\0\0\0hi", 8));
}

TEST(load_frame, lengths_of_126_and_65536_take_more_bytes) {
  for (const auto& [size, header] :
       {std::pair{125u, 6u}, {126u, 8u}, {65535u, 8u}, {65536u, 14u}}) {
    std::string bytes;
    append_frame(bytes, opcode::binary, std::string(size, 'x'));
    EXPECT_EQ(bytes.size(), size + header) << size;
  }
}

TEST(load_frame, is_taken_only_when_it_is_whole) {
  const std::string all("\x81\x03"
                        "abc"
                        "\x88\x02\x03\xE8",
                        9);
  server_frame frame;
  for (std::size_t n = 0; n < 5; ++n) {
    std::string_view part{all.data(), n};
    EXPECT_EQ(take_frame(part, frame), taken::more) << n;
    EXPECT_EQ(part.size(), n);
  }
  std::string_view bytes = all;
  ASSERT_EQ(take_frame(bytes, frame), taken::frame);
  EXPECT_EQ(frame.payload, "abc");
  ASSERT_EQ(take_frame(bytes, frame), taken::frame);
  EXPECT_EQ(frame.what, opcode::close);
  EXPECT_EQ(close_code(frame.payload), 1000u);
  EXPECT_EQ(take_frame(bytes, frame), taken::more);
}

TEST(load_frame, what_a_server_may_not_send_is_bad) {
  server_frame frame;
  for (const auto& bytes :
       {std::string("\xC1\x00", 2), std::string("\x81\x80\0\0\0\0", 6),
        std::string("\x83\x00", 2)}) {
    std::string_view view = bytes;
    EXPECT_EQ(take_frame(view, frame), taken::bad);
  }
}

TEST(load_frame, one_past_the_longest_is_bad) {
  const auto header = [](std::uint64_t size) {
    std::string out("\x82\x7F", 2);
    for (int i = 7; i >= 0; --i)
      out += static_cast<char>(size >> (8 * i));
    return out;
  };
  server_frame frame;
  const auto longest = header(frame_max), longer = header(frame_max + 1);
  std::string_view view = longest;
  EXPECT_EQ(take_frame(view, frame), taken::more);
  view = longer;
  EXPECT_EQ(take_frame(view, frame), taken::bad);
}

TEST(load_frame, a_close_without_a_code_is_1005) {
  EXPECT_EQ(close_code(""), 1005u);
}

TEST(load_wire, a_reply_of_either_version_is_understood) {
  for (const auto* text :
       {R"(["1","7","rooms:lobby","phx_reply",{"response":{},"status":"ok"}])",
        R"({"event":"phx_reply","payload":{"response":{},"status":"ok"},)"
        R"("ref":"7","topic":"rooms:lobby"})"}) {
    const auto m = look_into(text);
    ASSERT_TRUE(m);
    EXPECT_TRUE(m->is_reply);
    EXPECT_TRUE(m->is_ok);
    EXPECT_EQ(m->ref, "7");
    EXPECT_EQ(m->topic, "rooms:lobby");
  }
}

TEST(load_wire, an_error_is_not_ok) {
  const auto m = look_into(
    R"(["1","1","a","phx_reply",{"response":{"x":1},"status":"error"}])");
  ASSERT_TRUE(m);
  EXPECT_FALSE(m->is_ok);
}

TEST(load_wire, what_is_no_message_is_none) {
  for (const auto* text : {"", "[", "[1,2]", R"(["a","b"])", "hello"})
    EXPECT_FALSE(look_into(text)) << text;
}

TEST(load_wire, a_marker_is_found_again_in_a_body) {
  std::string body = R"({"body":")";
  append_marker(body, {.sequence = 7, .sender = 9, .sent_ns = 123456789012});
  EXPECT_EQ(body.size(), 9 + marker_size);
  const auto mark = find_marker(body + "xxx\"}");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->sequence, 7u);
  EXPECT_EQ(mark->sender, 9u);
  EXPECT_EQ(mark->sent_ns, 123456789012);
}

TEST(load_wire, a_tilde_of_somebody_else_is_no_marker) {
  EXPECT_FALSE(find_marker("~hello~"));
  EXPECT_FALSE(find_marker("~" + std::string(32, 'z') + "~"));
}

} // namespace
