#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace load {

/// A message of a Phoenix server, as far as the load has to know it. The views
/// are into its text.
struct server_message {
  /// Without quotes; empty for null.
  std::string_view ref;
  std::string_view topic;
  std::string_view event;

  /// The rest of the text, from the payload on; of V1 all of it.
  std::string_view rest;
  bool is_reply = false;

  /// Of a reply: whether its status is ok.
  bool is_ok = false;
};

/// Looks into a text of V1 (an object) or V2 (an array), without a JSON
/// parser: a broadcast to two million is read two million times. Knows no
/// escapes, which none of our own topics and refs have. Nothing for what is
/// neither.
std::optional<server_message> look_into(std::string_view text);

/// What a broadcast's body begins with, so that a lost or doubled one is seen
/// and its way is timed: `~` sequence, sender, time sent, as hex digits, `~`.
struct marker {
  std::uint32_t sequence = 0; ///< of its room, from 1
  std::uint32_t sender = 0;   ///< the user's number, over all processes
  std::int64_t sent_ns = 0;   ///< monotonic
};
inline constexpr std::size_t marker_size = 34;

void append_marker(std::string& to, const marker& x);
std::optional<marker> find_marker(std::string_view text);

} // namespace load
