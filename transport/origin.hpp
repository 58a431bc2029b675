#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bennu::transport {

/// A scheme, a host and a port, each in lower case and decoded; what is absent
/// is empty or 0 and, in a pattern, matches anything. Value.
struct authority {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
};

/// Which web pages may open a socket: the `Origin` a browser sends is checked
/// before anything of the request is believed. Mirrors Phoenix's
/// `check_origin`:
///
///     .check_origin = true                      the endpoint's own host
///     .check_origin = false                     every page
///     .check_origin = {"https://a.com",         scheme, so its port too
///                      "//b.com:888",           any scheme, this port
///                      "//*.c.com"}             c.com and all below it
///     .check_origin = origin_check::conn()      the request's own address
///     .check_origin = origin_check(f)           f(origin) decides
///
/// A request without the header comes from no browser and is allowed. An
/// origin that cannot be read, `null` and `file://` are refused unless `false`
/// or a function says otherwise. Differs from Phoenix: with `true` and no
/// `url_host` configured, the host is compared with the request's `Host`.
/// A pattern without a host throws std::invalid_argument. Value.
class origin_check {
public:
  using function = std::function<bool(std::string_view origin)>;

  template <class Bool>
  requires std::is_same_v<Bool, bool> origin_check(Bool on)
    : mode_(on ? mode::same_host : mode::off) {}
  origin_check(std::initializer_list<std::string_view> patterns)
    : origin_check(std::vector<std::string_view>(patterns)) {}
  explicit origin_check(const std::vector<std::string_view>& patterns);
  explicit origin_check(function f);

  static origin_check conn();

  /// `request` is the address the client used; `url_host` may be empty.
  bool allows(std::optional<std::string_view> origin, const authority& request,
              std::string_view url_host) const;

private:
  enum class mode { off, same_host, same_address, list, function };
  explicit origin_check(mode m) : mode_(m) {}

  mode mode_;
  std::vector<authority> patterns_;
  function function_;
};

/// Reads `https://a.com:443`, `//a.com`; nothing when there is no host. The
/// scheme's default port is filled in.
std::optional<authority> parse_authority(std::string_view text);

} // namespace bennu::transport
