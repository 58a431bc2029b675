// RFC 6455 and 7692, in the manner of the Autobahn test suite: what a server
// makes of a client's bytes, however they are cut.
#include "tests/transport/client_frames.hpp"
#include "tests/transport/conformance_cases.hpp"
#include "transport/detail/codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::transport {
namespace {

using namespace testing;
using channels::opcode;
using detail::codec;

/// Everything that is seen of a connection.
conformance_outcome run(const std::string& bytes, std::size_t piece,
                        bool inflate) {
  codec x{{.message_max = conformance_message_max, .inflate = inflate}};
  conformance_outcome seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const auto part = bytes.substr(at, piece);
    x.feed(part);
    codec::event event{};
    while ((event = x.next()) == codec::event::message)
      seen.messages.push_back((x.opcode() == opcode::text ? "text:" : "bin:")
                              + std::string(x.payload()));
    if (event != codec::event::need_bytes)
      break;
  }
  seen.sent = x.take_output();
  return seen;
}

class conformance : public ::testing::TestWithParam<conformance_case> {};

TEST_P(conformance, holds) {
  const auto& x = GetParam();
  const auto size = x.bytes.size();
  for (const auto piece : {size + 1, std::size_t{1}, std::size_t{997}}) {
    if (piece == 1 && size > 5000)
      continue;
    const auto seen = run(x.bytes, piece, x.inflate);
    EXPECT_EQ(seen.messages, x.expected.messages) << x.says;
    EXPECT_EQ(seen.sent, x.expected.sent)
      << x.says << " in pieces of " << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(rfc6455, conformance,
                         ::testing::ValuesIn(rfc6455_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(rfc7692, conformance,
                         ::testing::ValuesIn(rfc7692_cases()), case_name);

} // namespace
} // namespace bennu::transport
