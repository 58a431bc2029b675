#include "channels/serializer.hpp"

#include "channels/serializer_v1.hpp"
#include "channels/serializer_v2.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

struct version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  bool is_prerelease = false;
};

/// Reads one number of a version, without leading zeros, and what follows it.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || (text[0] == '0' && rest != text.data() + 1))
    return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

bool take_dot(std::string_view& text) {
  if (text.empty() || text.front() != '.')
    return false;
  text.remove_prefix(1);
  return true;
}

bool is_identifiers(std::string_view text) {
  bool begun = false;
  for (const char c : text) {
    if (c == '.' && !begun)
      return false;
    if (c != '.' && c != '-' && !std::isalnum(static_cast<unsigned char>(c)))
      return false;
    begun = c != '.';
  }
  return begun;
}

/// MAJOR.MINOR.PATCH[-pre.release][+build], all three numbers required.
std::optional<version> parse_version(std::string_view text) {
  version v;
  std::uint64_t patch = 0;
  if (!take_number(text, v.major) || !take_dot(text)
      || !take_number(text, v.minor) || !take_dot(text)
      || !take_number(text, patch))
    return {};
  const auto plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!is_identifiers(text.substr(plus + 1)))
      return {};
    text = text.substr(0, plus);
  }
  if (text.empty())
    return v;
  v.is_prerelease = true;
  if (text.front() != '-' || !is_identifiers(text.substr(1)))
    return {};
  return v;
}

} // namespace

negotiated_serializer negotiate_serializer(std::string_view vsn) {
  static const serializer_v1 v1;
  static const serializer_v2 v2;
  const auto wanted = parse_version(vsn);
  if (!wanted)
    return {nullptr,
            fmt::format("Client sent invalid transport version \"{}\"", vsn)};
  // `~> 2.0.0` is 2.0.x; a pre-release of 2.0.0 is older than it.
  if (wanted->minor == 0 && !wanted->is_prerelease) {
    if (wanted->major == 1)
      return {&v1, {}};
    if (wanted->major == 2)
      return {&v2, {}};
  }
  return {nullptr,
          fmt::format("The client's requested transport version \"{}\" does "
                      "not match server's version requirements of "
                      "[\"~> 1.0.0\", \"~> 2.0.0\"]",
                      vsn)};
}

} // namespace bennu::channels
