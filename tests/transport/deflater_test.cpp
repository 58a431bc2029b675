#include "transport/detail/deflater.hpp"
#include "transport/detail/http_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace bennu::transport::detail {
namespace {

using channels::frame_ptr;
using channels::opcode;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string long_text(1000, 'x');

TEST(deflater, a_frame_is_compressed_once_for_all_its_receivers) {
  deflater x;
  const frame_ptr plain{opcode::text, long_text};
  const auto first = x.deflated(plain);
  EXPECT_LT(first->payload().size(), 50u);
  EXPECT_EQ(first->opcode(), opcode::text);
  EXPECT_EQ(static_cast<unsigned char>(first->wire()[0]), 0xC1);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(&*x.deflated(plain), &*first);
  EXPECT_EQ(x.count(), 1u);
}

TEST(deflater, two_frames_in_turn_are_compressed_once_each) {
  deflater x;
  const frame_ptr v1{opcode::text, long_text};
  const frame_ptr v2{opcode::text, long_text};
  for (int i = 0; i < 100; ++i) {
    x.deflated(v1);
    x.deflated(v2);
  }
  EXPECT_EQ(x.count(), 2u);
}

TEST(deflater, short_frames_and_those_that_do_not_shrink_go_as_they_are) {
  deflater x;
  const frame_ptr below{opcode::text, std::string(deflater::size_min - 1, 'x')};
  const frame_ptr at{opcode::text, std::string(deflater::size_min, 'x')};
  EXPECT_EQ(&*x.deflated(below), &*below);
  EXPECT_NE(&*x.deflated(at), &*at);
  std::string noise;
  for (unsigned i = 0, state = 1; i < 1000; ++i)
    noise += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  const frame_ptr random{opcode::binary, noise};
  EXPECT_EQ(&*x.deflated(random), &*random);
}

TEST(deflater, forgets_with_the_turn) {
  deflater x;
  const frame_ptr plain{opcode::text, long_text};
  x.deflated(plain);
  x.turn_ended();
  x.deflated(plain);
  EXPECT_EQ(x.count(), 2u);
}

http_read upgrade(const std::string& offer) {
  return read_http("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                   "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     + offer + "\r\n",
                   {});
}
bool agreed(const std::string& offer) {
  return upgrade("Sec-WebSocket-Extensions: " + offer + "\r\n")
    .request.offers_deflate();
}

TEST(deflate_offer, what_browsers_send_is_agreed_to) {
  for (const char* offer :
       {"permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=15",
        "Permessage-Deflate; Client_Max_Window_Bits",
        "x-webkit-deflate-frame, permessage-deflate"})
    EXPECT_TRUE(agreed(offer)) << offer;
}

TEST(deflate_offer, what_is_unknown_wrong_or_narrower_is_declined) {
  EXPECT_FALSE(upgrade("").request.offers_deflate());
  for (const char* offer :
       {"x-webkit-deflate-frame", "permessage-deflate; other",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_max_window_bits=10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; client_max_window_bits; client_max_window_bits"})
    EXPECT_FALSE(agreed(offer)) << offer;
}

TEST(deflate_offer, the_first_good_one_of_several_is_taken) {
  EXPECT_TRUE(agreed("permessage-deflate; server_max_window_bits=10, "
                     "permessage-deflate"));
}

TEST(deflate_offer, the_answer_says_what_was_agreed) {
  const auto x = upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_THAT(x.request.accept_websocket("", true),
              HasSubstr(std::string("Sec-WebSocket-Extensions: ")
                        + deflate_agreement + "\r\n"));
  EXPECT_THAT(x.request.accept_websocket(""), Not(HasSubstr("Extensions")));
}

} // namespace
} // namespace bennu::transport::detail
