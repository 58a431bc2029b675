#pragma once

#include "channels/payload.hpp"
#include "channels/wire_ref.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

namespace bennu::channels {

/// What a client said, decoded. Mirrors Phoenix.Socket.Message. Value.
struct message {
  wire_ref join_ref;
  wire_ref ref;
  std::string topic;
  std::string event;
  channels::payload payload;
};

/// The longest ref, topic and event a client may send, in bytes: what is kept
/// for a joined channel is bounded by it. Phoenix bounds them at 255 in binary
/// messages only.
inline constexpr std::size_t name_bytes_max = 4096;

/// A message of a client that is not one: its socket ends, and the transport
/// closes with 1011. what() names the cause.
class malformed_frame : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws malformed_frame when a name is longer than name_bytes_max.
void check_names(const message& x);

} // namespace bennu::channels
