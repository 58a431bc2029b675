#include "transport/detail/utf8.hpp"

#include <cstddef>

namespace bennu::transport::detail {

namespace {

struct form {
  std::size_t size;
  /// Of the second byte: without overlong forms, surrogates and what lies
  /// beyond U+10FFFF.
  unsigned char low;
  unsigned char high;
};

form form_of(unsigned char lead) noexcept {
  if (lead < 0xC2)
    return {};
  if (lead < 0xE0)
    return {2, 0x80, 0xBF};
  if (lead < 0xF0)
    return {3, static_cast<unsigned char>(lead == 0xE0 ? 0xA0 : 0x80),
            static_cast<unsigned char>(lead == 0xED ? 0x9F : 0xBF)};
  if (lead < 0xF5)
    return {4, static_cast<unsigned char>(lead == 0xF0 ? 0x90 : 0x80),
            static_cast<unsigned char>(lead == 0xF4 ? 0x8F : 0xBF)};
  return {};
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  for (std::size_t i = 0; i < text.size();) {
    if (at(i) < 0x80) {
      ++i;
      continue;
    }
    const auto [size, low, high] = form_of(at(i));
    if (size == 0 || text.size() - i < size || at(i + 1) < low
        || at(i + 1) > high)
      return false;
    for (std::size_t j = 2; j < size; ++j)
      if ((at(i + j) & 0xC0) != 0x80)
        return false;
    i += size;
  }
  return true;
}

} // namespace bennu::transport::detail
