#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bennu::channels {

/// Base64 for URLs (RFC 4648, section 5), without padding.
std::string to_base64url(std::string_view data);

/// None for what is not exactly such text.
std::optional<std::string> from_base64url(std::string_view text);

/// The usual alphabet (section 4), padded or not: what phoenix.js sends.
std::optional<std::string> from_base64(std::string_view text);

} // namespace bennu::channels
