#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bennu::runtime {

/// Why a process ended: Erlang's exit reasons, without arbitrary terms.
/// `shutdown("left")` stands for `{shutdown, left}`, `error("text")` for what
/// a throw or a failed start gave. Value.
class exit_reason {
public:
  enum class kind : std::uint8_t {
    normal,
    shutdown,
    kill,
    killed,
    noproc,
    noconnection,
    timeout,
    error,
  };

  /// `normal`.
  exit_reason() = default;

  static exit_reason normal() { return {}; }
  static exit_reason shutdown(std::string_view term = {}) {
    return {kind::shutdown, term};
  }
  static exit_reason kill() { return {kind::kill, {}}; }
  static exit_reason killed() { return {kind::killed, {}}; }
  static exit_reason noproc() { return {kind::noproc, {}}; }
  static exit_reason noconnection() { return {kind::noconnection, {}}; }
  static exit_reason timeout() { return {kind::timeout, {}}; }
  static exit_reason error(std::string_view what) {
    return {kind::error, what};
  }

  kind what() const noexcept { return kind_; }

  /// The term of `shutdown`, the text of `error`; else empty.
  const std::string& detail() const noexcept { return detail_; }

  bool is_normal() const noexcept { return kind_ == kind::normal; }
  bool is_kill() const noexcept { return kind_ == kind::kill; }

  /// True for `normal`, `shutdown` and `{shutdown, _}`: an end that nobody
  /// needs to hear of, and after which a transient child is not restarted.
  bool is_orderly() const noexcept {
    return kind_ == kind::normal || kind_ == kind::shutdown;
  }

  friend bool operator==(const exit_reason&, const exit_reason&) = default;

private:
  exit_reason(kind k, std::string_view detail) : kind_(k), detail_(detail) {}

  kind kind_ = kind::normal;
  std::string detail_;
};

/// `normal`, `{shutdown, left}`, `error: division by zero`.
std::string to_string(const exit_reason& x);

} // namespace bennu::runtime
