#pragma once

#include "channels/close_code.hpp"

#include <string>

namespace bennu::transport::detail {

/// A server's close frame without a reason (RFC 6455, 5.5.1).
inline std::string close_frame(channels::close_code code) {
  const auto x = static_cast<unsigned>(code);
  return {'\x88', '\x02', static_cast<char>(x >> 8),
          static_cast<char>(x & 0xFF)};
}

} // namespace bennu::transport::detail
