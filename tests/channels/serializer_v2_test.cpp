#include "channels/json_text.hpp"
#include "channels/serializer_v2.hpp"
#include "tests/channels/serializer_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const serializer_v2 v2;

wire_ref str_ref(std::string_view text) {
  return wire_ref::from_string(text);
}

std::string bytes_of(const frame_ptr& x) {
  EXPECT_EQ(x->opcode(), opcode::binary);
  return std::string{x->payload()};
}

std::string cause_of(opcode op, std::string_view data) {
  try {
    v2.decode(op, data);
  } catch (const malformed_frame& e) {
    return e.what();
  }
  return "decoded";
}

template <class F>
std::string refusal_of(F f) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "encoded";
}

// -- text ---------------------------------------------------------------------

TEST(serializer_v2, writes_a_push) {
  EXPECT_EQ(
    text_of(v2.encode_push(str_ref("1"), {}, "t", "e", render(json{{"m", 1}}))),
    R"(["1",null,"t","e",{"m":1}])");
  EXPECT_EQ(text_of(v2.encode_push({}, {}, "t", "e", render(json{{"m", 1}}))),
            R"([null,null,"t","e",{"m":1}])");
}

TEST(serializer_v2, writes_a_reply) {
  EXPECT_EQ(text_of(v2.encode_reply(str_ref("1"), str_ref("2"), "t", "ok",
                                    render(payload{}))),
            R"(["1","2","t","phx_reply",{"response":{},"status":"ok"}])");
}

TEST(serializer_v2, writes_a_broadcast_without_refs) {
  EXPECT_EQ(text_of(v2.encode_broadcast("t", "e", render(json{{"m", 1}}))),
            R"([null,null,"t","e",{"m":1}])");
}

TEST(serializer_v2, escapes_names) {
  EXPECT_EQ(text_of(v2.encode_broadcast("a\"b", "\n", render(payload{}))),
            R"([null,null,"a\"b","\n",{}])");
  EXPECT_EQ(text_of(v2.encode_broadcast("r\xC3\xA4", "e", render(payload{}))),
            "[null,null,\"r\xC3\xA4\",\"e\",{}]");
}

TEST(serializer_v2, pushes_and_broadcasts_objects_only) {
  EXPECT_EQ(refusal_of([] {
              v2.encode_push({}, {}, "t", "e", render(json("invalid")));
            }),
            "expected payload to be a map, got: \"invalid\"");
  EXPECT_EQ(
    refusal_of([] { v2.encode_broadcast("t", "e", render(json::array())); }),
    "expected payload to be a map, got: []");
}

TEST(serializer_v2, replies_any_json) {
  EXPECT_EQ(
    text_of(v2.encode_reply({}, str_ref("2"), "t", "ok", render(json("x")))),
    R"([null,"2","t","phx_reply",{"response":"x","status":"ok"}])");
}

TEST(serializer_v2, reads_a_message) {
  const auto x =
    v2.decode(opcode::text, R"(["1","2","room:1","new_msg",{"body":"hi"}])");
  EXPECT_EQ(x.join_ref, str_ref("1"));
  EXPECT_EQ(x.ref, str_ref("2"));
  EXPECT_EQ(x.topic, "room:1");
  EXPECT_EQ(x.event, "new_msg");
  EXPECT_EQ(x.payload.as_json(), (json{{"body", "hi"}}));
}

TEST(serializer_v2, ignores_further_elements) {
  EXPECT_EQ(v2.decode(opcode::text, R"([null,null,"t","e",1,2,3])").payload,
            payload(json(1)));
}

TEST(serializer_v2, echoes_refs_of_any_type) {
  for (const auto* value : {"null", "7", "-1.5", "\"a\\\"b\"", "true",
                            "[1,\"x\"]", "\"0123456789abcdef\""}) {
    const auto x =
      v2.decode(opcode::text, "["s + value + "," + value + ",\"t\",\"e\",{}]");
    EXPECT_EQ(
      text_of(v2.encode_reply(x.join_ref, x.ref, "t", "ok", render(payload{}))),
      "["s + value + "," + value
        + R"(,"t","phx_reply",{"response":{},"status":"ok"}])");
  }
}

TEST(serializer_v2, refuses_what_is_no_array_of_five) {
  EXPECT_THAT(cause_of(opcode::text, R"([null,null,"t","e"])"),
              StartsWith("V2 JSON Serializer expected"));
  EXPECT_THAT(cause_of(opcode::text, "{}"),
              StartsWith("V2 JSON Serializer expected"));
  EXPECT_EQ(cause_of(opcode::text, R"([null,null,1,"e",{}])"),
            "topic must be a string, got number");
  EXPECT_EQ(cause_of(opcode::text, R"([null,null,"t",null,{}])"),
            "event must be a string, got null");
  EXPECT_THAT(cause_of(opcode::text, R"([null,null,"t","e",{})"),
              HasSubstr("parse error"));
  EXPECT_THAT(cause_of(opcode::text, "[null,null,\"\xFF\",\"e\",{}]"),
              HasSubstr("UTF-8"));
}

TEST(serializer_v2, bounds_the_depth_of_json) {
  const auto nested = [](std::size_t depth) {
    return R"([null,null,"t","e",)" + std::string(depth, '[')
           + std::string(depth, ']') + "]";
  };
  EXPECT_EQ(cause_of(opcode::text, nested(json_depth_max - 1)), "decoded");
  EXPECT_EQ(cause_of(opcode::text, nested(json_depth_max)),
            "JSON nests deeper than 512");
}

TEST(serializer_v2, bounds_the_length_of_names) {
  const auto named = [](std::size_t size) {
    return R"([null,null,")" + std::string(size, 't') + R"(","e",{}])";
  };
  EXPECT_EQ(cause_of(opcode::text, named(name_bytes_max)), "decoded");
  EXPECT_EQ(cause_of(opcode::text, named(name_bytes_max + 1)),
            "topic is longer than 4096 bytes");
}

// -- binary -------------------------------------------------------------------

TEST(serializer_v2, writes_a_binary_push_without_ref) {
  EXPECT_EQ(bytes_of(v2.encode_push(str_ref("12"), {}, "topic", "event",
                                    render(binary("efg")))),
            "\x00\x02\x05\x05"
            "12topiceventefg"s);
}

TEST(serializer_v2, writes_a_binary_reply) {
  EXPECT_EQ(bytes_of(v2.encode_reply(str_ref("12"), str_ref("123"), "topic",
                                     "ok", render(binary("efg")))),
            "\x01\x02\x03\x05\x02"
            "12123topicokefg"s);
}

TEST(serializer_v2, writes_a_binary_broadcast) {
  EXPECT_EQ(
    bytes_of(v2.encode_broadcast("topic", "event", render(binary("efg")))),
    "\x02\x05\x05"
    "topiceventefg"s);
}

TEST(serializer_v2, writes_refs_into_binary_as_plain_text) {
  EXPECT_EQ(bytes_of(v2.encode_reply({}, wire_ref::from_json("7"), "t", "ok",
                                     render(binary("")))),
            "\x01\x00\x01\x01\x02"
            "7tok"s);
  EXPECT_EQ(bytes_of(v2.encode_push(wire_ref::from_json("\"a\\\"b\""), {}, "t",
                                    "e", render(binary("")))),
            "\x00\x03\x01\x01"
            "a\"bte"s);
}

TEST(serializer_v2, reads_a_binary_push) {
  const auto x = v2.decode(opcode::binary, "\x00\x02\x03\x05\x05"
                                           "12123topiceventefg"s);
  EXPECT_EQ(x.join_ref, str_ref("12"));
  EXPECT_EQ(x.ref, str_ref("123"));
  EXPECT_EQ(x.topic, "topic");
  EXPECT_EQ(x.event, "event");
  EXPECT_EQ(x.payload.as_bytes(), "efg");
}

TEST(serializer_v2, reads_an_empty_binary_push) {
  const auto x = v2.decode(opcode::binary, "\x00\x00\x00\x00\x00"s);
  EXPECT_EQ(x.topic, "");
  EXPECT_EQ(x.ref.json(), "\"\"");
  EXPECT_EQ(x.payload.as_bytes(), "");
}

TEST(serializer_v2, takes_names_of_255_bytes_and_not_of_256_beside_bytes) {
  const auto at = std::string(255, 'n');
  const auto past = std::string(256, 'n');
  const auto data = render(binary("x"));
  EXPECT_EQ(v2.encode_push(str_ref(at), {}, at, at, data)->payload().size(),
            4u + 3 * 255 + 1);
  EXPECT_EQ(
    v2.encode_reply(str_ref(at), str_ref(at), at, at, data)->payload().size(),
    5u + 4 * 255 + 1);
  EXPECT_EQ(v2.encode_broadcast(at, at, data)->payload().size(),
            3u + 2 * 255 + 1);
  const auto names = [&](auto f, const std::string& what) {
    const auto text = refusal_of(f);
    EXPECT_THAT(text, StartsWith("unable to convert " + what + " to binary"));
    EXPECT_THAT(text, HasSubstr("must be less than or equal to 255 bytes"));
  };
  names([&] { v2.encode_push({}, {}, past, "e", data); }, "topic");
  names([&] { v2.encode_push({}, {}, "t", past, data); }, "event");
  names([&] { v2.encode_push(str_ref(past), {}, "t", "e", data); }, "join_ref");
  names([&] { v2.encode_reply({}, str_ref(past), "t", "ok", data); }, "ref");
  names([&] { v2.encode_reply({}, {}, "t", past, data); }, "status");
  names([&] { v2.encode_broadcast(past, "e", data); }, "topic");
  names([&] { v2.encode_broadcast("t", past, data); }, "event");
}

TEST(serializer_v2, refuses_cut_binary_pushes) {
  const auto whole = "\x00\x02\x03\x05\x05"
                     "12123topicevent"s;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(cause_of(opcode::binary, whole.substr(0, size)), "decoded")
      << size;
  EXPECT_EQ(cause_of(opcode::binary, whole), "decoded");
}

TEST(serializer_v2, refuses_other_binary_kinds_of_a_client) {
  for (const char kind : {'\1', '\2', '\3', '['})
    EXPECT_EQ(cause_of(opcode::binary, std::string{kind} + "\0\0\0\0"s),
              "a binary message of a client must be a push (0)");
}

TEST(serializer_v2, refuses_binary_names_that_are_not_utf8) {
  EXPECT_EQ(cause_of(opcode::binary, "\x00\x00\x00\x01\x00\xFF"s),
            "topic is not UTF-8");
}

// A message without blanks and escapes takes a shorter way, whose answers are
// the same, errors included.
TEST(serializer_v2, spelling_changes_nothing) {
  const std::string messages[] = {
    R"(["1","2","room:a","new",{"body":"hi"}])",
    R"([null,null,"room:a","new",{}])",
    R"([1,2.5,"room:a","new",[1,{"a":[]}]])",
    R"(["1","2","room:\u0061","new",null])",
    R"(["1","2","room:ä","new","text"])",
    R"(["1","2","room:a","new",{},"more"])",
    R"(["1","2","room:a","new",{"body":"hi"}}])",
    R"(["1","2","room:a","new",])",
    R"(["1","2","room:a","new"])",
    R"(["1","2",null,"new",{}])",
    R"(["1","2","room:a",3,{}])",
    R"(["1","2","room:a","new",{})",
    R"(["1","2","room:a","new",1,])",
  };
  for (const auto& text : messages) {
    const auto other = "\n" + text;
    const bool one_fails = cause_of(opcode::text, text) != "decoded";
    ASSERT_EQ(one_fails, cause_of(opcode::text, other) != "decoded") << text;
    if (one_fails)
      continue;
    const auto x = v2.decode(opcode::text, text);
    const auto y = v2.decode(opcode::text, other);
    EXPECT_EQ(x.join_ref, y.join_ref) << text;
    EXPECT_EQ(x.ref, y.ref) << text;
    EXPECT_EQ(x.topic, y.topic) << text;
    EXPECT_EQ(x.event, y.event) << text;
    EXPECT_EQ(x.payload, y.payload) << text;
  }
}

TEST(serializer_v2, nests_as_deep_on_the_short_way_as_on_the_long_one) {
  const auto nested = [](std::size_t depth) {
    return R"(["1","2","a","b",)" + std::string(depth, '[')
           + std::string(depth, ']') + "]";
  };
  for (const auto* blank : {"", " "}) {
    EXPECT_EQ(cause_of(opcode::text, blank + nested(json_depth_max - 1)),
              "decoded");
    EXPECT_THAT(cause_of(opcode::text, blank + nested(json_depth_max)),
                HasSubstr("nests deeper than 512"));
  }
}

} // namespace
} // namespace bennu::channels
