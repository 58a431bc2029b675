#pragma once

#include "channels/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

/// How deep a client's JSON may nest. Writing JSON recurses once a level, so
/// without a limit one message of brackets, broadcast again, would overflow a
/// shard's stack.
inline constexpr std::size_t json_depth_max = 512;

/// Appends `text` as a JSON string. Throws json::exception when it is not
/// UTF-8.
void append_json_string(std::string& to, std::string_view text);

/// A client's JSON, decoded. Throws malformed_frame with the place and cause
/// when it is not JSON or nests deeper than json_depth_max.
json parse_json(std::string_view text);

} // namespace bennu::channels
