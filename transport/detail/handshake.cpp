#include "transport/detail/handshake.hpp"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace bennu::transport::detail {

namespace {

struct freed {
  void operator()(EVP_MD* x) const noexcept { EVP_MD_free(x); }
  void operator()(EVP_MD_CTX* x) const noexcept { EVP_MD_CTX_free(x); }
};

/// Fetching an algorithm takes longer than using it.
const EVP_MD& sha1() {
  static const std::unique_ptr<EVP_MD, freed> it{
    EVP_MD_fetch(nullptr, "SHA1", nullptr)};
  if (!it)
    throw std::runtime_error("OpenSSL has no SHA1, which websockets need");
  return *it;
}

} // namespace

std::string accept_value(std::string_view key) {
  constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  thread_local const std::unique_ptr<EVP_MD_CTX, freed> context{
    EVP_MD_CTX_new()};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (!context || EVP_DigestInit_ex2(context.get(), &sha1(), nullptr) != 1
      || EVP_DigestUpdate(context.get(), key.data(), key.size()) != 1
      || EVP_DigestUpdate(context.get(), guid.data(), guid.size()) != 1
      || EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1)
    throw std::runtime_error("OpenSSL cannot hash a websocket's key");
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text;
  const auto length =
    EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(text.data()),
          static_cast<std::size_t>(length)};
}

std::string switching_protocols(std::string_view key,
                                std::string_view subprotocol,
                                std::string_view extensions) {
  std::string out = "HTTP/1.1 101 Switching Protocols\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n";
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (!value.empty())
      out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Sec-WebSocket-Accept", accept_value(key));
  add("Sec-WebSocket-Protocol", subprotocol);
  add("Sec-WebSocket-Extensions", extensions);
  return out.append("\r\n");
}

} // namespace bennu::transport::detail
