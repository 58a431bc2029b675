#include "transport/detail/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace bennu::transport::detail {

namespace {

constexpr std::string_view standard =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 0xFF;
using value_table = std::array<std::uint8_t, 256>;

constexpr value_table values_of(std::string_view alphabet) {
  value_table x{};
  x.fill(none);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    x[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return x;
}

constexpr auto values = values_of(standard);

std::optional<std::string> decode(std::string_view text) {
  if (text.size() % 4 == 1)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = values[static_cast<unsigned char>(c)];
    if (value == none)
      return std::nullopt;
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count);
    }
  }
  // What is left over must be zero: each value has one text.
  if (bits & ((1u << count) - 1))
    return std::nullopt;
  return bytes;
}

} // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 == 0)
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
      text.remove_suffix(1);
  return decode(text);
}

} // namespace bennu::transport::detail
