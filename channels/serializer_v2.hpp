#pragma once

#include "channels/serializer.hpp"

namespace bennu::channels {

/// `vsn=2.0.0`: text is an array, bytes travel behind a binary header whose
/// sizes take one byte each. Mirrors Phoenix.Socket.V2.JSONSerializer.
///
///     text         [join_ref, ref, topic, event, payload]
///     client push  0 | join_ref | ref | topic | event   sizes, texts, data
///     server push  0 | join_ref | topic | event
///     reply        1 | join_ref | ref | topic | status
///     broadcast    2 | topic | event
///
/// Differs from Phoenix: names in a binary push must be UTF-8.
class serializer_v2 final : public serializer {
public:
  std::string_view vsn() const noexcept override { return "2.0.0"; }
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
