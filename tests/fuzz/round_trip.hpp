#pragma once

#include "channels/serializer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace bennu::fuzz {

/// Decodes what a client may send, then writes the answers a channel that
/// echoes would give: only the documented exceptions may come out, and a text
/// message's refs must survive.
inline void decode_and_echo(const channels::serializer& format,
                            channels::opcode op, const std::uint8_t* data,
                            std::size_t size) {
  using namespace channels;
  message x;
  try {
    x = format.decode(op, {reinterpret_cast<const char*>(data), size});
  } catch (const malformed_frame&) {
    return;
  }
  const rendered_payload rendered{x.payload};
  if (!x.payload.is_binary() && rendered.text() != x.payload.as_json().dump())
    std::abort();
  try {
    format.encode_reply(x.join_ref, x.ref, x.topic, "ok", rendered);
    format.encode_push(x.join_ref, x.ref, x.topic, x.event, rendered);
    format.encode_broadcast(x.topic, x.event, rendered);
  } catch (const std::invalid_argument&) {
    // No object, or names too long beside bytes.
  }
  if (!(wire_ref::from_json(x.ref.json()) == x.ref))
    std::abort();
}

} // namespace bennu::fuzz
