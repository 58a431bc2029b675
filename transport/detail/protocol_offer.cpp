#include "transport/detail/protocol_offer.hpp"

#include "channels/base64url.hpp"

#include <algorithm>

namespace bennu::transport::detail {

namespace {

constexpr std::string_view token_prefix = "base64url.bearer.phx.";

std::string_view trimmed(std::string_view x) {
  const auto first = x.find_first_not_of(" \t");
  if (first == x.npos)
    return {};
  return x.substr(first, x.find_last_not_of(" \t") - first + 1);
}

} // namespace

// Split by hand: the token may hold a slash, which no protocol's name may.
protocol_offer protocol_offer::parse(std::string_view header, bool with_token) {
  protocol_offer x;
  while (!header.empty()) {
    const auto end = std::min(header.find(','), header.size());
    const auto name = trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    if (with_token && name.starts_with(token_prefix))
      x.token = channels::from_base64(name.substr(token_prefix.size()));
    else if (!name.empty())
      x.names.emplace_back(name);
  }
  return x;
}

bool protocol_offer::has(std::string_view name) const {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<std::string>
protocol_offer::choose(const std::vector<std::string>& ours) const {
  if (ours.empty() || names.empty())
    return "";
  const auto found = std::find_if(ours.begin(), ours.end(),
                                  [&](const auto& x) { return has(x); });
  if (found == ours.end())
    return std::nullopt;
  return *found;
}

} // namespace bennu::transport::detail
