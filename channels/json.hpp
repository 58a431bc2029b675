#pragma once

#include <nlohmann/json.hpp>

namespace bennu::channels {

/// The JSON of every payload; this header is the library's one home.
using json = nlohmann::json;

} // namespace bennu::channels
