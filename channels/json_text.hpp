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

/// Appends `x` as x.dump() writes it, at a third of the cost: no serializer is
/// made for it. Throws json::exception when a string is not UTF-8; then `to`
/// holds a part of it.
void append_json(std::string& to, const json& x);
std::string to_json_text(const json& x);

/// A client's JSON, decoded. Throws malformed_frame with the place and cause
/// when it is not JSON or nests deeper than `depth_max`.
json parse_json(std::string_view text, std::size_t depth_max = json_depth_max);

} // namespace bennu::channels
