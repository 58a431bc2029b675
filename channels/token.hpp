#pragma once

#include "channels/json.hpp"
#include "runtime/clock.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bennu::channels {

/// Why a token does not count. Phoenix's `:missing`, `:invalid`, `:expired`.
enum class token_error { missing, invalid, expired };

std::string_view to_string(token_error x) noexcept;

/// What a token said, or why it does not count: true when it does. Value.
class token_outcome {
public:
  token_outcome(token_error why) : why_(why) {}
  token_outcome(json data, std::optional<std::chrono::milliseconds> left)
    : data_(std::move(data)), left_(left) {}

  explicit operator bool() const noexcept { return data_.has_value(); }

  /// Throws std::bad_optional_access when the token does not count.
  const json& data() const { return data_.value(); }
  token_error error() const noexcept { return why_; }

  /// How long it goes on counting; none for one that never expires. What
  /// connect_result::expires_in takes.
  const std::optional<std::chrono::milliseconds>& expires_in() const noexcept {
    return left_;
  }

private:
  std::optional<json> data_;
  std::optional<std::chrono::milliseconds> left_;
  token_error why_ = token_error::invalid;
};

struct tokens_options {
  /// How long a token counts that was made without an age; Phoenix's day.
  std::chrono::seconds max_age{86'400};

  /// Rounds of PBKDF2 that make a key of the secret and a salt. As Phoenix's:
  /// the secret is random and long, so that guessing is slow already.
  int key_iterations = 1000;

  /// Keys kept, one a salt and use: salts are words of a program, not data.
  /// With more, keys are made anew for each call.
  std::size_t keys_max = 64;

  /// Bytes of a token worth looking at; a longer one is invalid. As much as a
  /// header or a query may hold.
  std::size_t token_max = 16'384;

  /// Tests bring their own.
  std::function<std::chrono::system_clock::time_point()> now =
    runtime::wall_time;
};

/// Makes and checks what a client keeps for us. `sign` shows its data to
/// everybody but nobody can change it; `encrypt` hides it, too. Mirrors
/// Phoenix.Token: HMAC-SHA256 over `header.payload`, keys by
/// PBKDF2-HMAC-SHA256 of 32 bytes.
///
/// Differs: data is JSON instead of Erlang's terms, so tokens of Phoenix are
/// not read; encryption is AES-256-GCM under a key of its own. All by
/// OpenSSL. Thread-safe.
///
///     channels::tokens tokens{secret};
///     page.token = tokens.sign("user socket", {{"id", 7}});
///     ...
///     const auto who = tokens.verify("user socket", request.param("token"));
///     if (!who)
///       return channels::refuse_connect(to_string(who.error()));
///     return channels::connect_result{session{who.data().at("id")}}
///       .expires_in(who.expires_in());
class tokens {
public:
  /// An age that never ends.
  static constexpr auto never = std::chrono::seconds::max();

  /// Throws std::invalid_argument for a secret of less than 20 bytes.
  explicit tokens(std::string secret, tokens_options options = {});
  ~tokens();
  tokens(tokens&&) noexcept;
  tokens& operator=(tokens&&) noexcept;

  /// A salt tells one use of tokens from another: what was signed with one
  /// does not count with another.
  std::string sign(std::string_view salt, const json& data,
                   std::optional<std::chrono::seconds> max_age = {}) const;

  /// An age given here counts instead of the one the token was made with.
  token_outcome verify(std::string_view salt,
                       const std::optional<std::string>& token,
                       std::optional<std::chrono::seconds> max_age = {}) const;

  std::string encrypt(std::string_view salt, const json& data,
                      std::optional<std::chrono::seconds> max_age = {}) const;
  token_outcome decrypt(std::string_view salt,
                        const std::optional<std::string>& token,
                        std::optional<std::chrono::seconds> max_age = {}) const;

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::channels
