#include "transport/origin.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace bennu::transport {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws")
    return 80;
  return scheme == "https" || scheme == "wss" ? 443 : 0;
}

bool host_matches(std::string_view host, std::string_view pattern) {
  if (!pattern.starts_with("*."))
    return host == pattern;
  return host == pattern.substr(2) || host.ends_with(pattern.substr(1));
}

bool matches(const authority& origin, const authority& pattern) {
  return (pattern.scheme.empty() || origin.scheme == pattern.scheme)
         && (pattern.port == 0 || origin.port == pattern.port)
         && host_matches(origin.host, pattern.host);
}

} // namespace

std::optional<authority> parse_authority(std::string_view text) {
  const auto url = boost::urls::parse_uri_reference({text.data(), text.size()});
  if (!url || !url->has_authority() || url->host().empty())
    return std::nullopt;
  authority x;
  x.scheme = lower(std::string(url->scheme()));
  x.host = lower(url->host());
  x.port = url->has_port() ? url->port_number() : default_port(x.scheme);
  return x;
}

origin_check::origin_check(const std::vector<std::string_view>& patterns)
  : mode_(mode::list) {
  for (const auto pattern : patterns) {
    auto x = parse_authority(pattern);
    if (!x)
      throw std::invalid_argument(
        "check_origin: \"" + std::string(pattern)
        + "\" names no host; write \"https://a.com\", \"//a.com:888\" or "
          "\"//*.a.com\"");
    patterns_.push_back(std::move(*x));
  }
}

origin_check::origin_check(function f)
  : mode_(mode::function), function_(std::move(f)) {}

origin_check origin_check::conn() {
  return origin_check{mode::same_address};
}

bool origin_check::allows(std::optional<std::string_view> origin,
                          const authority& request,
                          std::string_view url_host) const {
  if (mode_ == mode::off || !origin)
    return true;
  if (mode_ == mode::function)
    return function_(*origin);
  const auto from = parse_authority(*origin);
  if (!from)
    return false;
  if (mode_ == mode::same_host)
    return from->host == (url_host.empty() ? request.host : url_host);
  if (mode_ == mode::same_address)
    return from->scheme == request.scheme && from->host == request.host
           && from->port == request.port;
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const auto& x) { return matches(*from, x); });
}

} // namespace bennu::transport
