#pragma once

#include <string_view>

namespace bennu::transport::detail {

/// Whether a whole text is UTF-8 (RFC 3629). What is not compressed, Beast
/// judges while it arrives.
bool is_utf8(std::string_view text) noexcept;

} // namespace bennu::transport::detail
