#include "channels/tracker/gossip_codec.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

/// Metas are strings here.
meta_codec strings() {
  return {
    .write =
      [](const runtime::message& x) { return *x.value_if<std::string>(); },
    .read = [](std::string_view x) -> std::optional<runtime::message> {
      if (x == "bad")
        return std::nullopt;
      return runtime::make_message(std::string{x});
    },
  };
}

tracked_ptr someone(std::uint64_t clock, std::string meta = "here") {
  return std::make_shared<const tracked>(
    tracked{"room:1",
            "ann",
            {.node = 1, .slot = 0xFFFFFFFF, .serial = 300},
            runtime::make_message(std::move(meta)),
            clock});
}

const replica here{"chat@a", 7};
const replica there{"chat@b", ~std::uint64_t{0}};

delta changes(std::string meta = "here") {
  return {{{.of = here,
            .after = 2,
            .upto = 4,
            .seen = {9, 200},
            .live = {someone(3, meta), someone(200, meta)}},
           {.of = there}}};
}

std::vector<tracker_gossip> all_kinds() {
  const clock_vector seen{{here, 5}, {there, delta::clock_max}};
  return {tracker_heartbeat{here, changes(), seen}, tracker_heartbeat{},
          transfer_request{there, seen}, transfer_answer{here, changes()},
          tracker_goodbye{there}};
}

class gossip_codec_test : public ::testing::Test {
protected:
  gossip_codec codec{strings()};
};

TEST_F(gossip_codec_test, what_is_written_is_read) {
  for (const auto& x : all_kinds()) {
    const auto bytes = codec.encode(x);
    const auto back = codec.decode(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->index(), x.index());
    EXPECT_EQ(sender_of(*back), sender_of(x));
    EXPECT_EQ(codec.encode(*back), bytes);
  }
}

TEST_F(gossip_codec_test, a_presence_comes_back_with_all_it_has) {
  const auto back =
    codec.decode(codec.encode(transfer_answer{here, changes("\0 and \xff")}));
  const auto& part = std::get<transfer_answer>(*back).changes.parts.at(0);
  EXPECT_EQ(part.of, here);
  EXPECT_EQ(part.after, 2u);
  EXPECT_EQ(part.upto, 4u);
  EXPECT_EQ(part.seen, (std::vector<std::uint64_t>{9, 200}));
  const auto& last = *part.live.at(1);
  EXPECT_EQ(last.clock, 200u);
  EXPECT_EQ(last.topic, "room:1");
  EXPECT_EQ(last.key, "ann");
  EXPECT_EQ(last.who, someone(1)->who);
  EXPECT_EQ(*last.meta.value_if<std::string>(), "\0 and \xff");
}

TEST_F(gossip_codec_test, these_are_the_bytes) {
  EXPECT_EQ(codec.encode(tracker_goodbye{{"a", 300}}),
            std::string("\x01\x03\x01"
                        "a\xac\x02",
                        6));
  EXPECT_EQ(codec.encode(transfer_request{{"a", 1}, {{{"b", 2}, 3}}}),
            std::string("\x01\x01\x01"
                        "a\x01\x01\x01"
                        "b\x02\x03",
                        10));
}

TEST_F(gossip_codec_test, what_is_cut_or_has_more_is_not_read) {
  for (const auto& x : all_kinds()) {
    const auto bytes = codec.encode(x);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      EXPECT_FALSE(codec.decode(bytes.substr(0, n))) << n;
    EXPECT_FALSE(codec.decode(bytes + '\0'));
  }
}

TEST_F(gossip_codec_test, what_encode_does_not_write_is_not_read) {
  const std::string ten_bytes(9, '\xff');
  for (const std::string& bytes : {
         std::string("\x02\x03\x01"
                     "a\x01"), // another version
         std::string("\x01\x04\x01"
                     "a\x01"), // another kind
         std::string("\x01\x03\x01"
                     "a\x81\x00",
                     6), // a number in more bytes than it needs
         "\x01\x03\x01"
         "a"
           + ten_bytes + "\x02",                      // a number past 64 bits
         std::string("\x01\x03\xff\xff\xff\xff\x0f"), // a huge name
         std::string("\x01\x01\x01"
                     "a\x01\xff\xff\xff\xff\x0f"), // many clocks
         std::string("\x01\x01\x01"
                     "a\x01\x02\x01"
                     "b\x02\x03\x01"
                     "b\x02\x03"), // the same replica twice
         std::string("\x01\x02\x01"
                     "a\x01\x01\x01"
                     "a\x01\x05\x04\x00\x00",
                     13), // seen past 5 up to 4
       })
    EXPECT_FALSE(codec.decode(bytes)) << ::testing::PrintToString(bytes);
}

TEST_F(gossip_codec_test, a_meta_that_cannot_be_read_spoils_the_message) {
  EXPECT_FALSE(
    codec.decode(codec.encode(transfer_answer{here, changes("bad")})));
}

TEST_F(gossip_codec_test, a_message_at_its_limit_passes_and_one_past_does_not) {
  const transfer_answer x{here, changes()};
  const auto size = codec.encode(x).size();
  const gossip_codec at{strings(), {.bytes_max = size}};
  const gossip_codec past{strings(), {.bytes_max = size - 1}};
  EXPECT_TRUE(at.decode(at.encode(x)));
  EXPECT_THROW(past.encode(x), std::length_error);
  EXPECT_FALSE(past.decode(at.encode(x)));
}

TEST_F(gossip_codec_test, a_text_at_its_limit_passes_and_one_past_does_not) {
  const gossip_codec small{strings(), {.text_max = 10}};
  const tracker_goodbye at{{std::string(10, 'x'), 1}};
  const tracker_goodbye past{{std::string(11, 'x'), 1}};
  EXPECT_TRUE(small.decode(small.encode(at)));
  EXPECT_THROW(small.encode(past), std::length_error);
  EXPECT_FALSE(small.decode(codec.encode(past)));
}

} // namespace
} // namespace bennu::channels
