#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::transport::detail {

/// What a client offers to speak in its Sec-WebSocket-Protocol, and the token
/// that phoenix.js hides among it. Value.
struct protocol_offer {
  std::vector<std::string> names;
  std::optional<std::string> token;

  /// The token is looked for on request only; one that is no base64 is none.
  static protocol_offer parse(std::string_view header, bool with_token);

  bool has(std::string_view name) const;

  /// The first of ours that is offered. Nothing when some are offered and none
  /// fits; empty when there is nothing to choose. The token is no protocol.
  std::optional<std::string> choose(const std::vector<std::string>& ours) const;
};

} // namespace bennu::transport::detail
