#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bennu::channels {

/// A semantic version as far as requirements look at it. Mirrors Elixir's
/// Version. Value.
struct version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;

  /// Not a pre-release, which is older than what it precedes.
  bool is_release = true;

  // clang-tidy takes the 0 that <=> is compared with for a null pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const version&) const = default;
};

/// MAJOR.MINOR.PATCH[-pre.release][+build]; none for anything else.
std::optional<version> parse_version(std::string_view text);

/// Which versions will do: `~> 2.0.0` is 2.0.x, `~> 2.1` is 2.x from 2.1.0 on,
/// `== 2.0.0` and `>= 2.0.0` are what they say. Value.
class version_requirement {
public:
  /// Throws std::invalid_argument for what it does not know.
  explicit version_requirement(std::string_view text);

  bool admits(const version& x) const noexcept;
  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
  version least_;
  std::optional<version> below_; // none: no upper bound
  bool exactly_ = false;
};

} // namespace bennu::channels
