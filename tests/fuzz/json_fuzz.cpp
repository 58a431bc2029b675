#include "channels/json_text.hpp"
#include "channels/message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace bennu::channels;

std::optional<json> parsed(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const malformed_frame&) {
    return {};
  }
}

/// The same value, and each number of the same kind.
bool same(const json& a, const json& b) {
  if (a.type() != b.type() || a.size() != b.size())
    return false;
  if (!a.is_structured())
    return a == b;
  return std::equal(a.items().begin(), a.items().end(), b.items().begin(),
                    [](const auto& x, const auto& y) {
                      return x.key() == y.key() && same(x.value(), y.value());
                    });
}

/// Not more than parse_json takes.
bool is_shallow(std::string_view text) {
  const auto opened = std::count_if(
    text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  return static_cast<std::size_t>(opened) <= json_depth_max;
}

} // namespace

/// Two parsers share a client's JSON: what comes out is always what the
/// library's own would have said.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto got = parsed(text);
  if (text.find('\0') != text.npos || !is_shallow(text))
    return 0;
  const auto wanted = json::parse(text, nullptr, false);
  if (got.has_value() == wanted.is_discarded() || (got && !same(*got, wanted)))
    std::abort();
  return 0;
}
