#include "transport/detail/handshake.hpp"

#include <gtest/gtest.h>

namespace bennu::transport::detail {
namespace {

TEST(handshake, a_key_is_answered_as_the_rfc_does) {
  EXPECT_EQ(accept_value("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accept_value("x3JJHMbDL1EzLkh9GBhXDw=="),
            "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(handshake, the_answer_has_what_was_agreed_and_nothing_else) {
  EXPECT_EQ(switching_protocols("dGhlIHNhbXBsZSBub25jZQ==", "", ""),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(switching_protocols("dGhlIHNhbXBsZSBub25jZQ==", "phoenix", "a; b"),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Sec-WebSocket-Protocol: phoenix\r\n"
            "Sec-WebSocket-Extensions: a; b\r\n\r\n");
}

} // namespace
} // namespace bennu::transport::detail
