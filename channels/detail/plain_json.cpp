#include "channels/detail/plain_json.hpp"

#include <cstdint>
#include <string>

#include <simdjson.h>

namespace bennu::channels::detail {

namespace {

namespace dom = simdjson::dom;

/// False when `x`, found in `text`, nests deeper than `depth_left` or is not to
/// be told from another value.
bool build(json& to, dom::element x, std::string_view text,
           std::size_t depth_left) {
  switch (x.type()) {
  case dom::element_type::OBJECT: {
    if (depth_left == 0)
      return false;
    const auto found = x.get_object().value_unsafe();
    auto& members = (to = empty_object()).get_ref<json::object_t&>();
    // The last of a repeated key wins, as in Jason.
    for (const auto& [key, value] : found)
      if (!build(members[std::string{key}], value, text, depth_left - 1))
        return false;
    return true;
  }
  case dom::element_type::ARRAY: {
    if (depth_left == 0)
      return false;
    const auto found = x.get_array().value_unsafe();
    auto& items = (to = json::array()).get_ref<json::array_t&>();
    for (const auto value : found)
      if (!build(items.emplace_back(), value, text, depth_left - 1))
        return false;
    return true;
  }
  case dom::element_type::STRING:
    to = std::string{x.get_string().value_unsafe()};
    return true;
  case dom::element_type::INT64: {
    // As nlohmann has them: whole numbers without a sign are unsigned.
    const auto number = x.get_int64().value_unsafe();
    if (number == 0 && text.find("-0") != text.npos)
      return false;
    if (number < 0)
      to = number;
    else
      to = static_cast<std::uint64_t>(number);
    return true;
  }
  case dom::element_type::UINT64:
    to = x.get_uint64().value_unsafe();
    return true;
  case dom::element_type::DOUBLE:
    to = x.get_double().value_unsafe();
    return true;
  case dom::element_type::BOOL:
    to = x.get_bool().value_unsafe();
    return true;
  case dom::element_type::NULL_VALUE:
    to = nullptr;
    return true;
  }
  return false;
}

} // namespace

std::optional<json> read_plain_json(std::string_view text,
                                    std::size_t depth_max) {
  // simdjson 3.0 takes half of a surrogate pair for a character.
  if (text.size() > plain_json_max || text.find("\\u") != text.npos)
    return {};
  thread_local dom::parser parser{plain_json_max};
  dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS)
    return {};
  json built;
  if (!build(built, root, text, depth_max))
    return {};
  return built;
}

} // namespace bennu::channels::detail
