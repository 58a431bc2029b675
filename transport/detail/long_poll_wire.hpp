#pragma once

#include "channels/connect.hpp"
#include "channels/frame.hpp"
#include "transport/detail/http_message.hpp"
#include "transport/long_poll_session.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::transport::detail {

/// A long-poll request that needs its session: what site makes of it. Value.
struct long_poll_call {
  std::size_t mount = 0;
  channels::connect_request asked;

  /// Empty for none.
  std::string token;

  /// Of a push; a poll has none.
  std::optional<long_push> push;
  bool keep_alive = false;
};

/// What one request with pushes may bring, see long_poll_options.
struct push_limits {
  /// Bytes of each.
  std::size_t part_max;

  /// What is behind the last is left out.
  std::size_t parts_max;
};

/// The messages in a POST's body: one, or of `application/x-ndjson` one a line,
/// where a line that is no JSON array or object is base64 of bytes. Nothing
/// when a line is neither, or longer than allowed. Empty lines are left out.
/// Differs from Phoenix, where only arrays are taken for text.
std::optional<long_push> read_pushes(std::string_view content_type,
                                     std::string_view body,
                                     const push_limits& limits);

/// The answer to OPTIONS: a browser asks whether it may POST from elsewhere.
std::string long_poll_preflight(const http_request& request);

/// {"status":…}: HTTP's own status is 200 with few exceptions.
std::string long_poll_status(int status, bool keep_alive,
                             int http_status = 200);

/// {"messages":[…],"status":…,"token":…}, each message a string.
std::string long_poll_messages(int status, std::string_view token,
                               const std::vector<channels::frame_ptr>& messages,
                               bool keep_alive);

} // namespace bennu::transport::detail
