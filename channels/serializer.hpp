#pragma once

#include "channels/frame.hpp"
#include "channels/message.hpp"
#include "channels/payload.hpp"
#include "channels/version.hpp"
#include "channels/wire_ref.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

/// A wire format, chosen by the client's `vsn`. Mirrors
/// Phoenix.Socket.Serializer. Has no state: one object serves every
/// connection. Thread-safe.
class serializer {
public:
  virtual ~serializer() = default;

  /// "1.0.0" or "2.0.0".
  virtual std::string_view vsn() const noexcept = 0;

  /// Throws malformed_frame with the cause.
  virtual message decode(opcode op, std::string_view data) const = 0;

  // The encoders throw std::invalid_argument, in the sender, for what the
  // format cannot carry: bytes with vsn 1; with vsn 2 a push or broadcast that
  // is no object, and names over 255 bytes beside bytes.

  /// `ref` is null but in phx_close and phx_error; bytes have none.
  virtual frame_ptr encode_push(const wire_ref& join_ref, const wire_ref& ref,
                                std::string_view topic, std::string_view event,
                                const rendered_payload& x) const = 0;

  virtual frame_ptr encode_reply(const wire_ref& join_ref, const wire_ref& ref,
                                 std::string_view topic,
                                 std::string_view status,
                                 const rendered_payload& x) const = 0;

  /// The same bytes for every receiver: no join_ref.
  virtual frame_ptr encode_broadcast(std::string_view topic,
                                     std::string_view event,
                                     const rendered_payload& x) const = 0;
};

/// A serializer and the versions of the clients it is for. Value; whoever
/// made the serializer keeps it as long as the node.
struct serializer_choice {
  const serializer* by = nullptr;
  version_requirement versions;
};

/// `~> 1.0.0` and `~> 2.0.0`, Phoenix's own.
const std::vector<serializer_choice>& default_serializers();

/// The first serializer for a client's version, or why there is none, in
/// Phoenix's words. The client's is a full semantic version.
struct negotiated_serializer {
  const channels::serializer* serializer = nullptr;
  std::string warning;
};
negotiated_serializer negotiate_serializer(
  std::string_view vsn,
  const std::vector<serializer_choice>& among = default_serializers());

} // namespace bennu::channels
