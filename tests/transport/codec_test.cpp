#include "tests/transport/client_frames.hpp"
#include "transport/detail/codec.hpp"
#include "transport/detail/codec_pool.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::transport {
namespace {

using namespace testing;
using channels::opcode;
using detail::codec;

/// What a codec made of some bytes.
struct outcome {
  std::vector<std::string> texts;
  std::vector<std::string> binaries;
  std::string output;
  codec::event last = codec::event::need_bytes;
};

class codec_test : public ::testing::Test {
protected:
  outcome run(codec& x, const std::vector<std::string>& pieces) {
    outcome seen;
    for (const auto& piece : pieces) {
      x.feed(piece);
      while ((seen.last = x.next()) == codec::event::message)
        (x.opcode() == opcode::text ? seen.texts : seen.binaries)
          .emplace_back(x.payload());
      if (seen.last != codec::event::need_bytes)
        break;
    }
    seen.output = x.take_output();
    return seen;
  }

  outcome run(const std::vector<std::string>& pieces) {
    codec x{options_};
    return run(x, pieces);
  }

  /// The close code Beast answers these bytes with; 0 when it is content.
  int refusal(const std::string& bytes) {
    const auto seen = run({bytes});
    if (seen.last == codec::event::need_bytes)
      return 0;
    EXPECT_EQ(seen.last, codec::event::failed);
    return close_code_of(seen.output);
  }

  detail::codec_options options_;
};

std::vector<std::string> byte_by_byte(const std::string& x) {
  std::vector<std::string> pieces;
  for (char c : x)
    pieces.emplace_back(1, c);
  return pieces;
}

using texts = std::vector<std::string>;

TEST_F(codec_test, a_text_frame_is_a_message) {
  const auto seen = run({client_frame(text, "hello")});
  EXPECT_EQ(seen.texts, texts{"hello"});
  EXPECT_EQ(seen.output, "");
}

TEST_F(codec_test, a_binary_frame_may_hold_any_bytes) {
  const std::string bytes{"\0\xff\x80", 3};
  EXPECT_EQ(run({client_frame(binary, bytes)}).binaries, texts{bytes});
}

TEST_F(codec_test, an_empty_frame_is_an_empty_message) {
  EXPECT_EQ(run({client_frame(text, "")}).texts, texts{""});
}

TEST_F(codec_test, lengths_around_every_header_form_arrive_whole) {
  for (std::size_t n : {125u, 126u, 127u, 1535u, 1536u, 1537u, 4095u, 4096u,
                        4097u, 65535u, 65536u, 200000u}) {
    const std::string payload(n, 'x');
    EXPECT_EQ(run({client_frame(text, payload)}).texts, texts{payload}) << n;
  }
}

TEST_F(codec_test, a_split_at_every_byte_changes_nothing) {
  const auto bytes = client_frame(text, "first") + client_frame(ping, "p")
                     + client_frame(text, "fr", {.fin = false})
                     + client_frame(continuation, "ag")
                     + client_frame(binary, std::string(300, 'b'));
  const auto whole = run({bytes});
  EXPECT_EQ(whole.texts, (texts{"first", "frag"}));
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    const auto seen = run({bytes.substr(0, at), bytes.substr(at)});
    ASSERT_EQ(seen.texts, whole.texts) << at;
    ASSERT_EQ(seen.binaries, whole.binaries) << at;
    ASSERT_EQ(seen.output, whole.output) << at;
  }
  EXPECT_EQ(run(byte_by_byte(bytes)).texts, whole.texts);
}

TEST_F(codec_test, thousands_of_frames_in_one_piece_come_out_one_by_one) {
  std::string bytes;
  for (int i = 0; i < 10'000; ++i)
    bytes += client_frame(text, std::to_string(i));
  const auto seen = run({bytes});
  ASSERT_EQ(seen.texts.size(), 10'000u);
  EXPECT_EQ(seen.texts.back(), "9999");
}

TEST_F(codec_test, a_ping_between_fragments_is_answered_at_once) {
  codec x{options_};
  const auto seen = run(
    x, {client_frame(text, "a", {.fin = false}) + client_frame(ping, "now")});
  EXPECT_TRUE(seen.texts.empty());
  EXPECT_EQ(seen.output, std::string("\x8A\x03now"));
  EXPECT_FALSE(x.reusable());
  EXPECT_EQ(run(x, {client_frame(continuation, "b")}).texts, texts{"ab"});
  EXPECT_TRUE(x.reusable());
}

TEST_F(codec_test, a_pong_is_heard_and_needs_no_answer) {
  const auto seen = run({client_frame(pong, "any")});
  EXPECT_EQ(seen.last, codec::event::need_bytes);
  EXPECT_EQ(seen.output, "");
}

TEST_F(codec_test, frames_against_the_protocol_are_closed_with_1002) {
  EXPECT_EQ(refusal(client_frame(text, "x", {.masked = false})), 1002);
  for (int bit : {1, 2, 4})
    EXPECT_EQ(refusal(client_frame(text, "x", {.reserved_bits = bit})), 1002);
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    EXPECT_EQ(refusal(client_frame(opcode, "x")), 1002) << opcode;
  EXPECT_EQ(refusal(client_frame(continuation, "x")), 1002);
  EXPECT_EQ(refusal(client_frame(ping, "x", {.fin = false})), 1002);
  EXPECT_EQ(refusal(client_frame(ping, std::string(126, 'x'))), 1002);
  EXPECT_EQ(refusal(client_frame(close, "x")), 1002);
}

TEST_F(codec_test, a_new_message_inside_a_fragmented_one_is_closed_with_1002) {
  EXPECT_EQ(
    refusal(client_frame(text, "a", {.fin = false}) + client_frame(text, "b")),
    1002);
}

TEST_F(codec_test, text_that_is_no_utf8_is_closed_with_1007) {
  for (const char* bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "ok\xe2\x82"})
    EXPECT_EQ(refusal(client_frame(text, bad)), 1007) << bad;
}

TEST_F(codec_test, bad_utf8_fails_before_the_message_is_whole) {
  const auto frame = client_frame(text, "\xff" + std::string(2000, 'x'));
  const auto seen = run({frame.substr(0, 1800)});
  EXPECT_EQ(seen.last, codec::event::failed);
  EXPECT_EQ(close_code_of(seen.output), 1007);
}

TEST_F(codec_test, a_character_split_between_fragments_is_good) {
  EXPECT_EQ(run({client_frame(text, "\xe2\x82", {.fin = false})
                 + client_frame(continuation, "\xac")})
              .texts,
            texts{"\xe2\x82\xac"});
}

TEST_F(codec_test, a_message_at_the_limit_passes_and_one_past_gets_1009) {
  options_.message_max = 1000;
  EXPECT_EQ(refusal(client_frame(text, std::string(1000, 'x'))), 0);
  EXPECT_EQ(refusal(client_frame(text, std::string(1001, 'x'))), 1009);
}

TEST_F(codec_test, the_limit_holds_for_fragments_together) {
  options_.message_max = 1000;
  const auto first = client_frame(text, std::string(600, 'x'), {.fin = false});
  EXPECT_EQ(refusal(first + client_frame(continuation, std::string(400, 'x'))),
            0);
  EXPECT_EQ(refusal(first + client_frame(continuation, std::string(401, 'x'))),
            1009);
}

TEST_F(codec_test, a_length_beyond_reason_allocates_nothing) {
  const std::string header{"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                           "mask",
                           14};
  EXPECT_EQ(refusal(header), 1009);
  const std::string negative{"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                             "mask",
                             14};
  EXPECT_NE(refusal(negative), 0);
}

TEST_F(codec_test, a_close_is_echoed_with_its_code) {
  for (int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4999}) {
    const auto payload = close_payload(static_cast<std::uint16_t>(code), "bye");
    const auto seen = run({client_frame(close, payload)});
    EXPECT_EQ(seen.last, codec::event::closed);
    EXPECT_EQ(close_code_of(seen.output), code);
  }
}

TEST_F(codec_test, a_close_without_a_code_is_answered_with_1000) {
  const auto seen = run({client_frame(close, "")});
  EXPECT_EQ(seen.last, codec::event::closed);
  EXPECT_EQ(close_code_of(seen.output), 1000);
}

TEST_F(codec_test, close_codes_nobody_may_send_are_closed_with_1002) {
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999}) {
    const auto payload = close_payload(static_cast<std::uint16_t>(code));
    EXPECT_EQ(refusal(client_frame(close, payload)), 1002) << code;
  }
}

TEST_F(codec_test, a_close_with_a_reason_that_is_no_utf8_is_refused) {
  EXPECT_NE(refusal(client_frame(close, close_payload(1000, "\xff"))), 0);
}

TEST_F(codec_test, messages_before_a_close_are_delivered) {
  const auto seen = run({client_frame(text, "last words")
                         + client_frame(close, close_payload(1001))});
  EXPECT_EQ(seen.texts, texts{"last words"});
  EXPECT_EQ(seen.last, codec::event::closed);
}

TEST_F(codec_test, a_failed_codec_stays_failed_and_is_not_reused) {
  codec x{options_};
  run(x, {client_frame(close, close_payload(1000, "bye"))});
  EXPECT_EQ(x.next(), codec::event::closed);
  EXPECT_FALSE(x.reusable());
}

TEST_F(codec_test, is_lent_on_when_a_client_just_leaves) {
  codec x{options_};
  for (const auto& payload :
       {std::string{}, close_payload(1000), close_payload(1001)}) {
    EXPECT_EQ(run(x, {client_frame(text, "hi")}).texts, texts{"hi"});
    const auto seen = run(x, {client_frame(close, payload)});
    EXPECT_EQ(seen.last, codec::event::closed);
    EXPECT_EQ(close_code_of(seen.output),
              payload == close_payload(1001) ? 1001 : 1000);
    EXPECT_TRUE(x.reusable());
    EXPECT_FALSE(x.has_output());
  }
}

TEST_F(codec_test, a_close_is_the_same_however_it_comes) {
  for (const auto& payload :
       {std::string{}, close_payload(1000), close_payload(1001)}) {
    const auto frame = client_frame(close, payload);
    const auto alone = run({frame});
    const auto cut = run({frame.substr(0, 3), frame.substr(3)});
    const auto behind = run({client_frame(ping, "") + frame});
    EXPECT_EQ(cut.last, codec::event::closed);
    EXPECT_EQ(behind.last, codec::event::closed);
    EXPECT_EQ(cut.output, alone.output);
    EXPECT_TRUE(behind.output.ends_with(alone.output));
  }
}

TEST_F(codec_test, a_close_within_a_message_ends_it) {
  const auto seen = run({client_frame(text, "half", {.fin = false}),
                         client_frame(close, close_payload(1000))});
  EXPECT_EQ(seen.last, codec::event::closed);
  EXPECT_EQ(close_code_of(seen.output), 1000);
}

TEST_F(codec_test, one_codec_serves_many_connections_in_turn) {
  detail::codec_pool pool{options_};
  const codec* first = nullptr;
  for (int i = 0; i < 100; ++i) {
    auto x = pool.take();
    if (!first)
      first = x.get();
    EXPECT_EQ(x.get(), first);
    EXPECT_EQ(run(*x, {client_frame(text, "hi")}).texts, texts{"hi"});
    pool.give_back(std::move(x));
  }
  EXPECT_EQ(pool.kept(), 1u);
}

TEST_F(codec_test, the_pool_takes_back_only_what_is_at_a_boundary) {
  detail::codec_pool pool{options_};
  const auto frame = client_frame(text, "hello");
  for (std::size_t n = 0; n < frame.size(); ++n) {
    auto x = pool.take();
    run(*x, {frame.substr(0, n)});
    EXPECT_EQ(x->reusable(), n == 0) << n;
    if (n > 0)
      pool.give_back(std::move(x));
  }
  EXPECT_EQ(pool.kept(), 0u);
}

TEST_F(codec_test, a_codec_with_unread_messages_is_not_reused) {
  codec x{options_};
  const auto bytes = client_frame(text, "a") + client_frame(text, "b");
  x.feed(bytes);
  EXPECT_EQ(x.next(), codec::event::message);
  EXPECT_FALSE(x.reusable());
}

TEST_F(codec_test, the_pool_keeps_no_more_than_its_limit) {
  options_.kept_max = 2;
  detail::codec_pool pool{options_};
  std::vector<std::unique_ptr<codec>> taken;
  for (int i = 0; i < 3; ++i) {
    taken.push_back(pool.take());
    run(*taken.back(), {client_frame(text, "x")});
  }
  for (auto& x : taken)
    pool.give_back(std::move(x));
  EXPECT_EQ(pool.kept(), 2u);
}

TEST_F(codec_test, a_codec_that_has_grown_is_not_kept) {
  detail::codec_pool pool{options_};
  auto x = pool.take();
  run(*x, {client_frame(binary, std::string(200'000, 'x'))});
  pool.give_back(std::move(x));
  EXPECT_EQ(pool.kept(), 0u);
}

} // namespace
} // namespace bennu::transport
