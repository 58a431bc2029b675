#include "transport/detail/long_poll_wire.hpp"
#include "transport/detail/session_token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace bennu::transport::detail {
namespace {

using channels::frame_ptr;
using channels::opcode;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto ndjson = "application/x-ndjson";
constexpr push_limits limits{.part_max = 100, .parts_max = 5};

TEST(session_token, is_read_by_who_signed_it) {
  const session_token tokens;
  const session_token::subject x{{1, 2, 3}, 4};
  const auto token = tokens.sign(x);
  EXPECT_EQ(tokens.verify(token), x);
  EXPECT_EQ(session_token{}.verify(token), std::nullopt);
  EXPECT_EQ(tokens.verify(""), std::nullopt);
}

TEST(session_token, lasts_two_weeks_and_not_a_second_more) {
  std::chrono::system_clock::time_point now{};
  const session_token tokens{{.now = [&] { return now; }}};
  const auto token = tokens.sign({{1, 2, 3}, 0});
  now += std::chrono::hours{14 * 24};
  EXPECT_TRUE(tokens.verify(token));
  now += std::chrono::seconds{1};
  EXPECT_FALSE(tokens.verify(token));
}

TEST(long_poll_wire, a_body_is_one_message_of_text) {
  const auto x = read_pushes("application/json", "[1]\n[2]", limits);
  ASSERT_EQ(x->parts.size(), 1u);
  EXPECT_EQ(x->parts[0].op, opcode::text);
  EXPECT_EQ(x->parts[0].data, "[1]\n[2]");
}

TEST(long_poll_wire, ndjson_is_a_message_a_line) {
  const auto x = read_pushes(ndjson, "[1]\r\n{\"a\":1}\n\nAAE=\n", limits);
  ASSERT_EQ(x->parts.size(), 3u);
  EXPECT_EQ(x->parts[0].data, "[1]");
  EXPECT_EQ(x->parts[1].data, "{\"a\":1}");
  EXPECT_EQ(x->parts[1].op, opcode::text);
  EXPECT_EQ(x->parts[2].op, opcode::binary);
  EXPECT_EQ(x->parts[2].data, std::string("\0\1", 2));
}

TEST(long_poll_wire, lines_behind_the_last_allowed_are_left_out) {
  std::string body;
  for (std::size_t i = 0; i < limits.parts_max; ++i)
    body += "[1]\n";
  EXPECT_EQ(read_pushes(ndjson, body, limits)->parts.size(), limits.parts_max);
  EXPECT_EQ(read_pushes(ndjson, body + "[2]", limits)->parts.size(),
            limits.parts_max);
}

TEST(long_poll_wire, a_line_at_the_limit_passes_and_one_past_does_not) {
  for (const char* type : {ndjson, "application/json"}) {
    EXPECT_TRUE(read_pushes(type, "[" + std::string(99, '1'), limits)) << type;
    EXPECT_FALSE(read_pushes(type, "[" + std::string(100, '1'), limits))
      << type;
  }
}

TEST(long_poll_wire, a_line_that_is_nothing_is_refused) {
  EXPECT_FALSE(read_pushes(ndjson, "[1]\n?", limits));
}

TEST(long_poll_wire, answers_are_phoenixs) {
  EXPECT_EQ(long_poll_status(200, true),
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n"
            "Access-Control-Allow-Origin: *\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            "Content-Length: 14\r\n\r\n{\"status\":200}");
  EXPECT_THAT(long_poll_messages(410, "t", {}, true),
              EndsWith(R"({"messages":[],"status":410,"token":"t"})"));
  const frame_ptr a{opcode::text, R"([null,"a\"\n"])"};
  const frame_ptr b{opcode::text, "[2]"};
  EXPECT_THAT(long_poll_messages(200, "t", {a, b}, true),
              EndsWith(R"({"messages":["[null,\"a\\\"\\n\"]","[2]"],)"
                       R"("status":200,"token":"t"})"));
}

TEST(long_poll_wire, a_message_that_is_no_text_is_left_out) {
  const frame_ptr bad{opcode::text, "\xff"};
  const frame_ptr good{opcode::text, "[1]"};
  EXPECT_THAT(long_poll_messages(200, "t", {bad, good, bad}, true),
              EndsWith(R"({"messages":["[1]"],"status":200,"token":"t"})"));
}

TEST(long_poll_wire, a_preflight_allows_what_it_is_asked_for) {
  const auto read = read_http("OPTIONS / HTTP/1.1\r\nHost: x\r\n"
                              "Access-Control-Request-Headers: a,b\r\n"
                              "Access-Control-Request-Headers: c\r\n\r\n",
                              {});
  EXPECT_THAT(long_poll_preflight(read.request),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                    HasSubstr("Access-Control-Allow-Headers: a,b, c\r\n"),
                    HasSubstr("Access-Control-Allow-Methods: "
                              "get, post, options\r\n"),
                    HasSubstr("Access-Control-Max-Age: 3600\r\n"),
                    HasSubstr("Access-Control-Allow-Origin: *\r\n"),
                    HasSubstr("Content-Length: 0\r\n\r\n")));
}

} // namespace
} // namespace bennu::transport::detail
