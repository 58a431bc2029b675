#include "transport/detail/session_token.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <sys/random.h>

namespace bennu::transport::detail {

namespace {

constexpr auto salt = "long-poll session";

/// Phoenix's max_age.
constexpr std::chrono::seconds age_max{1'209'600};

std::string fresh_secret() {
  std::string bytes(32, '\0');
  // So few bytes come whole, and only once the machine has some.
  if (::getrandom(bytes.data(), bytes.size(), 0) < 0)
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return bytes;
}

} // namespace

session_token::session_token(channels::tokens_options options)
  : tokens_(fresh_secret(), std::move(options)) {}

std::string session_token::sign(const subject& x) const {
  const auto& [node, slot, serial] = x.session;
  return tokens_.sign(salt, {node, slot, serial, x.mount}, age_max);
}

std::optional<session_token::subject>
session_token::verify(const std::string& token) const {
  const auto said = tokens_.verify(salt, token);
  if (!said)
    return std::nullopt;
  // Signed, so it is what sign() wrote.
  const auto& data = said.data();
  return subject{{data.at(0), data.at(1), data.at(2)}, data.at(3)};
}

} // namespace bennu::transport::detail
