#pragma once

#include "channels/json.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace bennu::channels::detail {

/// What read_plain_json takes: longer texts are few, and each thread keeps some
/// 15 bytes for each of these.
inline constexpr std::size_t plain_json_max = 8192;

/// Reads JSON as most clients send it, with simdjson, at a third of what
/// nlohmann's parser takes for it. Nothing for what is longer than
/// plain_json_max, nests deeper than `depth_max`, has a \u, a -0, a number of
/// more than 64 bits or a fault: nlohmann's parser then has the say.
/// Thread-safe.
std::optional<json> read_plain_json(std::string_view text,
                                    std::size_t depth_max);

} // namespace bennu::channels::detail
