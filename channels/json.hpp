#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace bennu::channels {

/// The JSON of every payload; this header is the library's one home.
using json = nlohmann::json;

/// `{}`. json::object() makes it of an empty list, in some 300 instructions.
inline json empty_object() {
  return json(json::value_t::object);
}

} // namespace bennu::channels

// Made once, in json_text.cpp: it is large, and clang leaves a part of it out
// where only a message's render asks for it.
extern template std::string nlohmann::to_string(const nlohmann::json&);
