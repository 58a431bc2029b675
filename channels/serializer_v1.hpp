#pragma once

#include "channels/serializer.hpp"

namespace bennu::channels {

/// `vsn=1.0.0`, and what a client without a vsn speaks: an object of event,
/// payload, ref and topic; join_ref is read but never written.
///
///     {"event":"new_msg","payload":{"body":"hi"},"ref":"3","topic":"room:1"}
///
/// A binary frame is read as if it were text. Mirrors
/// Phoenix.Socket.V1.JSONSerializer; keys are written in its order.
class serializer_v1 final : public serializer {
public:
  std::string_view vsn() const noexcept override { return "1.0.0"; }
  message decode(opcode op, std::string_view data) const override;
  frame_ptr encode_push(const wire_ref& join_ref, const wire_ref& ref,
                        std::string_view topic, std::string_view event,
                        const rendered_payload& x) const override;
  frame_ptr encode_reply(const wire_ref& join_ref, const wire_ref& ref,
                         std::string_view topic, std::string_view status,
                         const rendered_payload& x) const override;
  frame_ptr encode_broadcast(std::string_view topic, std::string_view event,
                             const rendered_payload& x) const override;
};

} // namespace bennu::channels
