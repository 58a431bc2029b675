#include "channels/parameter_filter.hpp"

#include <algorithm>
#include <string_view>

namespace bennu::channels {

namespace {

constexpr const char* hidden = "[FILTERED]";

bool any_in(const std::vector<std::string>& words, std::string_view text,
            std::string_view behind) {
  return std::any_of(words.begin(), words.end(), [&](const auto& word) {
    return text.find(word + std::string{behind}) != std::string_view::npos;
  });
}

json without(const json& x, const std::vector<std::string>& words) {
  json shown = x;
  if (const auto* text = x.get_ptr<const std::string*>())
    return any_in(words, *text, "=") ? json(hidden) : shown;
  if (x.is_object())
    for (const auto& [key, value] : x.items())
      shown[key] =
        any_in(words, key, "") ? json(hidden) : without(value, words);
  if (x.is_array())
    for (auto& value : shown)
      value = without(value, words);
  return shown;
}

json only(const json& x, const std::vector<std::string>& keys) {
  if (x.is_object()) {
    json shown = json::object();
    for (const auto& [key, value] : x.items())
      shown[key] = std::find(keys.begin(), keys.end(), key) != keys.end()
                     ? value
                     : only(value, keys);
    return shown;
  }
  if (x.is_array()) {
    json shown = json::array();
    for (const auto& value : x)
      shown.push_back(only(value, keys));
    return shown;
  }
  return hidden;
}

} // namespace

json parameter_filter::operator()(const json& params) const {
  return keep ? only(params, *keep) : without(params, discard);
}

} // namespace bennu::channels
