#pragma once

#include <cstdint>

namespace bennu::channels {

/// Why a transport closes a client's connection: RFC 6455, 7.4.1. phoenix.js
/// comes back after every code but `normal`.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
};

} // namespace bennu::channels
