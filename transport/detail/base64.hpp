#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bennu::transport::detail {

/// RFC 4648, 4: with padding or without; nothing when it is none.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace bennu::transport::detail
