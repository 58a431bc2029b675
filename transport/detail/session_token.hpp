#pragma once

#include "channels/token.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace bennu::transport::detail {

/// Names long-poll sessions to their clients, in words only this endpoint can
/// write. Mirrors the Phoenix.Token of Phoenix's long-poll. Differs: the secret
/// is made with the object, since a session never outlives its endpoint: a
/// token of a run before is as good as none. Thread-safe.
class session_token {
public:
  struct subject {
    runtime::pid session;
    std::size_t mount = 0;
    friend bool operator==(const subject&, const subject&) = default;
  };

  /// `options` are a test's.
  explicit session_token(channels::tokens_options options = {});

  std::string sign(const subject& x) const;

  /// Nothing for what we have not signed, or longer than two weeks ago.
  std::optional<subject> verify(const std::string& token) const;

private:
  channels::tokens tokens_;
};

} // namespace bennu::transport::detail
