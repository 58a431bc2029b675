#include "channels/serializer_v1.hpp"
#include "tests/channels/serializer_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

const serializer_v1 v1;

std::string cause_of(std::string_view data) {
  try {
    v1.decode(opcode::text, data);
  } catch (const malformed_frame& e) {
    return e.what();
  }
  return "decoded";
}

TEST(serializer_v1, writes_a_push_without_join_ref) {
  EXPECT_EQ(text_of(v1.encode_push(wire_ref::from_json("\"1\""), {}, "t", "e",
                                   render(json{{"m", 1}}))),
            R"({"event":"e","payload":{"m":1},"ref":null,"topic":"t"})");
}

TEST(serializer_v1, carries_any_json) {
  EXPECT_EQ(text_of(v1.encode_push({}, {}, "t", "e", render(json("m")))),
            R"({"event":"e","payload":"m","ref":null,"topic":"t"})");
}

TEST(serializer_v1, writes_a_reply) {
  EXPECT_EQ(text_of(v1.encode_reply(wire_ref::from_json("\"1\""),
                                    wire_ref::from_json("\"null\""), "t", "ok",
                                    render(json()))),
            R"({"event":"phx_reply","payload":{"response":null,"status":"ok"},)"
            R"("ref":"null","topic":"t"})");
}

TEST(serializer_v1, writes_a_broadcast_like_a_push) {
  EXPECT_EQ(text_of(v1.encode_broadcast("t", "e", render(json("m")))),
            R"({"event":"e","payload":"m","ref":null,"topic":"t"})");
}

TEST(serializer_v1, cannot_carry_bytes) {
  EXPECT_THROW(v1.encode_push({}, {}, "t", "e", render(binary("x"))),
               std::invalid_argument);
  EXPECT_THROW(v1.encode_reply({}, {}, "t", "ok", render(binary("x"))),
               std::invalid_argument);
  EXPECT_THROW(v1.encode_broadcast("t", "e", render(binary("x"))),
               std::invalid_argument);
}

TEST(serializer_v1, reads_a_message) {
  const auto x = v1.decode(
    opcode::text, R"({"event":"e","payload":"m","ref":null,"topic":"t"})");
  EXPECT_EQ(x.topic, "t");
  EXPECT_EQ(x.event, "e");
  EXPECT_EQ(x.payload, payload(json("m")));
  EXPECT_TRUE(x.ref.is_null());
  EXPECT_TRUE(x.join_ref.is_null());
}

TEST(serializer_v1, reads_a_join_ref_when_there_is_one) {
  const auto x = v1.decode(
    opcode::text,
    R"({"topic":"t","event":"e","payload":{},"ref":7,"join_ref":"4"})");
  EXPECT_EQ(x.join_ref.json(), "\"4\"");
  EXPECT_EQ(x.ref.json(), "7");
}

TEST(serializer_v1, reads_a_binary_frame_as_text) {
  const auto x = v1.decode(
    opcode::binary, R"({"event":"e","payload":{},"ref":"1","topic":"t"})");
  EXPECT_EQ(x.event, "e");
}

TEST(serializer_v1, names_the_missing_key) {
  EXPECT_EQ(cause_of(R"({"event":"e","payload":{},"ref":"1"})"),
            "missing key \"topic\"");
  EXPECT_EQ(cause_of(R"({"topic":"t","payload":{},"ref":"1"})"),
            "missing key \"event\"");
  EXPECT_EQ(cause_of(R"({"topic":"t","event":"e","ref":"1"})"),
            "missing key \"payload\"");
  EXPECT_EQ(cause_of(R"({"topic":"t","event":"e","payload":{}})"),
            "missing key \"ref\"");
}

TEST(serializer_v1, refuses_what_is_no_object) {
  EXPECT_EQ(cause_of("[1,2]"), "V1 JSON Serializer expected a map, got array");
  EXPECT_NE(cause_of("{\"topic\":"), "decoded");
  EXPECT_NE(cause_of(""), "decoded");
  EXPECT_EQ(cause_of(R"({"event":"e","payload":{},"ref":"1","topic":1})"),
            "topic must be a string, got number");
}

} // namespace
} // namespace bennu::channels
