#pragma once

#include <string>
#include <string_view>

namespace bennu::transport::detail {

/// What a server proves with that it speaks websocket: RFC 6455, 4.2.2, from
/// the client's Sec-WebSocket-Key.
std::string accept_value(std::string_view key);

/// The 101 to an upgrade that is in order; empty texts leave a header out.
std::string switching_protocols(std::string_view key,
                                std::string_view subprotocol,
                                std::string_view extensions);

} // namespace bennu::transport::detail
