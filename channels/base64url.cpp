#include "channels/base64url.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace bennu::channels {

namespace {

constexpr std::string_view url_alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view usual_alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t no_digit = 64;

constexpr auto digits_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> all{};
  all.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    all[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return all;
}

/// The bits past the last whole byte must be zero: one text for one value.
std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::uint8_t, 256>& digits) {
  if (text.size() % 4 == 1)
    return {};
  std::string data;
  data.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = digits[static_cast<std::uint8_t>(c)];
    if (digit == no_digit)
      return {};
    bits = (bits << 6U | digit) & 0xFFFFU;
    held += 6;
    if (held < 8)
      continue;
    held -= 8;
    data += static_cast<char>(bits >> held & 0xFFU);
  }
  if (bits & ((1U << held) - 1))
    return {};
  return data;
}

} // namespace

std::string to_base64url(std::string_view data) {
  std::string text;
  text.reserve((data.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : data) {
    bits = (bits << 8U | static_cast<std::uint8_t>(c)) & 0xFFFFU;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += url_alphabet[bits >> held & 0x3FU];
    }
  }
  if (held > 0)
    text += url_alphabet[bits << (6 - held) & 0x3FU];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  static constexpr auto digits = digits_of(url_alphabet);
  return decode(text, digits);
}

std::optional<std::string> from_base64(std::string_view text) {
  static constexpr auto digits = digits_of(usual_alphabet);
  if (text.size() % 4 == 0)
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
      text.remove_suffix(1);
  return decode(text, digits);
}

} // namespace bennu::channels
