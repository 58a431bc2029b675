#pragma once

#include "tests/transport/client_frames.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::transport::testing {

inline constexpr std::size_t conformance_message_max = 100'000;

struct conformance_outcome {
  /// "text:…" or "bin:…".
  std::vector<std::string> messages;

  /// Pongs, and the close frame that ended it.
  std::string sent;
};

struct conformance_case {
  std::string says;
  std::string bytes;
  conformance_outcome expected;
  bool inflate = false;
};

/// gtest shows it as a name, and prints it when it fails.
inline std::string
case_name(const ::testing::TestParamInfo<conformance_case>& x) {
  std::string name;
  for (const char c : x.param.says)
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}
inline void PrintTo(const conformance_case& x, std::ostream* to) {
  *to << x.says;
}

/// What a server sends: a pong, a close frame.
inline std::string server_frame(int opcode, std::string_view payload) {
  return std::string{static_cast<char>(0x80 | opcode),
                     static_cast<char>(payload.size())}
    .append(payload);
}
inline std::string closed_with(std::uint16_t code,
                               std::string_view reason = {}) {
  return server_frame(close, close_payload(code, reason));
}

std::vector<conformance_case> rfc6455_cases();
std::vector<conformance_case> rfc7692_cases();

} // namespace bennu::transport::testing
