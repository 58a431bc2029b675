#include "channels/route.hpp"

#include <stdexcept>

namespace bennu::channels {

channel_route::channel_route(std::string pattern, event_table events,
                             std::vector<std::string> intercepts)
  : pattern_(std::move(pattern)), events_(std::move(events)),
    intercepts_(std::move(intercepts)) {
  const auto star = pattern_.find('*');
  if (star != std::string::npos && star != pattern_.size() - 1)
    throw std::invalid_argument(
      "channels using splat patterns must end with *");
}

bool channel_route::matches(std::string_view topic) const noexcept {
  const std::string_view pattern{pattern_};
  if (pattern.empty() || pattern.back() != '*')
    return topic == pattern;
  return topic.starts_with(pattern.substr(0, pattern.size() - 1));
}

} // namespace bennu::channels
