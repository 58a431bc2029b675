#include "channels/version.hpp"

#include <cctype>
#include <charconv>
#include <stdexcept>

namespace bennu::channels {

namespace {

/// Reads one number of a version, without leading zeros, and what follows it.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || (*text.data() == '0' && rest - text.data() > 1))
    return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what))
    return false;
  text.remove_prefix(what.size());
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

} // namespace

std::optional<version> parse_version(std::string_view text) {
  version x;
  if (!take_number(text, x.major) || !take(text, ".")
      || !take_number(text, x.minor) || !take(text, ".")
      || !take_number(text, x.patch))
    return {};
  const auto plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!is_identifiers(text.substr(plus + 1)))
      return {};
    text = text.substr(0, plus);
  }
  if (text.empty())
    return x;
  x.is_release = false;
  if (text.front() != '-' || !is_identifiers(text.substr(1)))
    return {};
  return x;
}

version_requirement::version_requirement(std::string_view text) : text_(text) {
  const bool compatible = take(text, "~> ");
  exactly_ = !compatible && take(text, "== ");
  const bool known = compatible || exactly_ || take(text, ">= ");
  auto whole = parse_version(text);
  const bool short_form = compatible && !whole;
  if (short_form)
    whole = parse_version(std::string{text} + ".0");
  if (!known || !whole)
    throw std::invalid_argument(
      "\"" + text_
      + "\" is no version requirement: write \"~> 2.0.0\", "
        "\"~> 2.0\", \"== 2.0.0\" or \">= 2.0.0\"");
  least_ = *whole;
  if (compatible)
    below_ = short_form ? version{least_.major + 1, 0, 0, false}
                        : version{least_.major, least_.minor + 1, 0, false};
}

bool version_requirement::admits(const version& x) const noexcept {
  if (exactly_)
    return x == least_;
  return x >= least_ && (!below_ || x < *below_);
}

} // namespace bennu::channels
