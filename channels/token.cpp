#include "channels/token.hpp"

#include "channels/base64url.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace bennu::channels {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using key = std::array<unsigned char, 32>;
using mac = std::array<unsigned char, 32>;
using cipher_context =
  std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

constexpr std::size_t secret_min = 20;

/// A thousand years: longer ages mean the same, and can be counted with.
constexpr seconds age_max = std::chrono::years{1000};

// Base64url of "HS256", as Phoenix has it, and of "A256GCM".
constexpr std::string_view signed_header = "SFMyNTY";
constexpr std::string_view sealed_header = "QTI1NkdDTQ";

constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

void require(bool good) {
  if (!good)
    throw std::runtime_error("OpenSSL failed to make a token");
}

const unsigned char* raw(std::string_view x) {
  return reinterpret_cast<const unsigned char*>(x.data());
}

unsigned char* raw(std::string& x) {
  return reinterpret_cast<unsigned char*>(x.data());
}

mac mac_of(const key& by, std::string_view text) {
  mac made{};
  unsigned size = 0;
  require(HMAC(EVP_sha256(), by.data(), static_cast<int>(by.size()), raw(text),
               text.size(), made.data(), &size));
  return made;
}

std::string random_bytes(std::size_t n) {
  std::string made(n, '\0');
  require(RAND_bytes(raw(made), static_cast<int>(n)) == 1);
  return made;
}

cipher_context new_cipher() {
  cipher_context made{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  require(made != nullptr);
  return made;
}

/// nonce, cipher text, tag.
std::string seal(const key& by, std::string_view plain) {
  const auto nonce = random_bytes(nonce_size);
  const auto context = new_cipher();
  std::string text(plain.size(), '\0');
  std::string tag(tag_size, '\0');
  int n = 0;
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                             by.data(), raw(std::string_view{nonce}))
            == 1
          && EVP_EncryptUpdate(context.get(), nullptr, &n, raw(sealed_header),
                               static_cast<int>(sealed_header.size()))
               == 1
          && EVP_EncryptUpdate(context.get(), raw(text), &n, raw(plain),
                               static_cast<int>(plain.size()))
               == 1
          && EVP_EncryptFinal_ex(context.get(), raw(text) + n, &n) == 1
          && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size,
                                 raw(tag))
               == 1);
  return nonce + text + tag;
}

std::optional<std::string> unseal(const key& by, std::string_view sealed) {
  if (sealed.size() < nonce_size + tag_size)
    return {};
  const auto nonce = sealed.substr(0, nonce_size);
  std::string tag{sealed.substr(sealed.size() - tag_size)};
  sealed.remove_prefix(nonce_size);
  sealed.remove_suffix(tag_size);
  const auto context = new_cipher();
  std::string plain(sealed.size(), '\0');
  int n = 0;
  const bool good =
    EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, by.data(),
                       raw(nonce))
      == 1
    && EVP_DecryptUpdate(context.get(), nullptr, &n, raw(sealed_header),
                         static_cast<int>(sealed_header.size()))
         == 1
    && EVP_DecryptUpdate(context.get(), raw(plain), &n, raw(sealed),
                         static_cast<int>(sealed.size()))
         == 1
    && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size,
                           raw(tag))
         == 1
    && EVP_DecryptFinal_ex(context.get(), raw(plain) + n, &n) == 1;
  if (!good)
    return {};
  return plain;
}

/// "header.rest" without the header and its dot.
std::optional<std::string_view> after_header(std::string_view token,
                                             std::string_view header) {
  if (token.size() <= header.size() || !token.starts_with(header)
      || token[header.size()] != '.')
    return {};
  return token.substr(header.size() + 1);
}

/// For ever is null in a token.
json age_in_token(seconds age) {
  return age == tokens::never ? json(nullptr) : json(age.count());
}

} // namespace

std::string_view to_string(token_error x) noexcept {
  switch (x) {
  case token_error::missing:
    return "missing";
  case token_error::invalid:
    return "invalid";
  case token_error::expired:
    return "expired";
  }
  return "";
}

class tokens::impl {
public:
  impl(std::string secret, tokens_options options)
    : secret_(std::move(secret)), options_(std::move(options)) {
    if (secret_.size() < secret_min)
      throw std::invalid_argument(
        "the secret of tokens needs 20 bytes at least; make one with "
        "`openssl rand -base64 48`");
  }

  /// Signing and sealing have keys of their own, also under one salt.
  key key_for(std::string_view use, std::string_view salt) {
    const auto name = std::string{use} + ":" + std::string{salt};
    const std::lock_guard guard{mutex_};
    if (const auto found = keys_.find(name); found != keys_.end())
      return found->second;
    key made{};
    require(PKCS5_PBKDF2_HMAC(secret_.data(), static_cast<int>(secret_.size()),
                              raw(name), static_cast<int>(name.size()),
                              options_.key_iterations, EVP_sha256(),
                              static_cast<int>(made.size()), made.data())
            == 1);
    if (keys_.size() < options_.keys_max)
      keys_.emplace(name, made);
    return made;
  }

  std::string letter(const json& data, std::optional<seconds> age) const {
    return json::array(
             {data, now_ms(), age_in_token(age.value_or(options_.max_age))})
      .dump();
  }

  /// What an authentic letter says.
  token_outcome read(std::string_view letter,
                     std::optional<seconds> max_age) const {
    auto x = json::parse(letter, nullptr, false);
    if (!x.is_array() || x.size() != 3 || !x[1].is_number_integer())
      return token_error::invalid;
    const auto age = milliseconds{now_ms() - x[1].get<std::int64_t>()};
    if (age < milliseconds{0})
      return token_error::invalid;
    if (!max_age)
      max_age =
        x[2].is_number_integer() ? seconds{x[2].get<std::int64_t>()} : never;
    if (*max_age == never)
      return {std::move(x[0]), {}};
    const auto limit = std::min(*max_age, age_max);
    if (limit <= seconds{0} || age > limit)
      return token_error::expired;
    return {std::move(x[0]), milliseconds{limit} - age};
  }

  bool worth_reading(std::string_view token) const {
    return token.size() <= options_.token_max;
  }

private:
  std::int64_t now_ms() const {
    return std::chrono::duration_cast<milliseconds>(
             options_.now().time_since_epoch())
      .count();
  }

  const std::string secret_;
  const tokens_options options_;
  std::mutex mutex_;
  std::map<std::string, key, std::less<>> keys_;
};

tokens::tokens(std::string secret, tokens_options options)
  : impl_(std::make_unique<impl>(std::move(secret), std::move(options))) {}

tokens::~tokens() = default;
tokens::tokens(tokens&&) noexcept = default;
tokens& tokens::operator=(tokens&&) noexcept = default;

std::string tokens::sign(std::string_view salt, const json& data,
                         std::optional<seconds> max_age) const {
  auto text = std::string{signed_header} + "."
              + to_base64url(impl_->letter(data, max_age));
  const auto made = mac_of(impl_->key_for("sign", salt), text);
  return text + "."
         + to_base64url(
           {reinterpret_cast<const char*>(made.data()), made.size()});
}

token_outcome tokens::verify(std::string_view salt,
                             const std::optional<std::string>& token,
                             std::optional<seconds> max_age) const {
  if (!token)
    return token_error::missing;
  const auto dot = token->rfind('.');
  const auto payload =
    after_header(std::string_view{*token}.substr(0, dot), signed_header);
  if (!impl_->worth_reading(*token) || dot == std::string::npos || !payload)
    return token_error::invalid;
  const auto claimed = from_base64url(std::string_view{*token}.substr(dot + 1));
  const auto right = mac_of(impl_->key_for("sign", salt),
                            std::string_view{*token}.substr(0, dot));
  if (!claimed || claimed->size() != right.size()
      || CRYPTO_memcmp(claimed->data(), right.data(), right.size()) != 0)
    return token_error::invalid;
  const auto letter = from_base64url(*payload);
  return letter ? impl_->read(*letter, max_age) : token_error::invalid;
}

std::string tokens::encrypt(std::string_view salt, const json& data,
                            std::optional<seconds> max_age) const {
  return std::string{sealed_header} + "."
         + to_base64url(
           seal(impl_->key_for("encrypt", salt), impl_->letter(data, max_age)));
}

token_outcome tokens::decrypt(std::string_view salt,
                              const std::optional<std::string>& token,
                              std::optional<seconds> max_age) const {
  if (!token)
    return token_error::missing;
  const auto payload = after_header(*token, sealed_header);
  if (!impl_->worth_reading(*token) || !payload)
    return token_error::invalid;
  const auto sealed = from_base64url(*payload);
  const auto letter =
    sealed ? unseal(impl_->key_for("encrypt", salt), *sealed) : std::nullopt;
  return letter ? impl_->read(*letter, max_age) : token_error::invalid;
}

} // namespace bennu::channels
