#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bennu::transport {

/// How a tls_relay is made.
struct tls_relay_options {
  /// The address and port to listen on; port 0: one that is free.
  std::string host{};
  std::uint16_t port = 0;

  /// PEM files: the certificate and those that vouch for it, and its key.
  std::string certificate_file{};
  std::string key_file{};

  /// Where the plain bytes go: a port of 127.0.0.1.
  std::uint16_t to_port = 0;

  /// Connections at once; one more is closed as it comes. Each has 40 KiB of
  /// buffers and OpenSSL's own. For a handful of people, not for clients.
  std::size_t connections_max = 64;

  /// For a handshake: who says nothing takes a place no longer.
  std::chrono::milliseconds handshake_timeout{10'000};
};

/// TLS in front of a port of this machine: what comes in is decrypted and
/// handed on, what comes back is encrypted, byte for byte. For an endpoint that
/// few connect to, such as an observer's; one for clients has a proxy in front.
/// A thread of its own, one connection no matter how slow holds up no other.
/// TLS 1.2 and 1.3. Thread-safe.
class tls_relay {
public:
  /// Listens. Throws std::runtime_error, with a line for people, when it
  /// cannot, or when a file is no certificate or no key to it.
  explicit tls_relay(tls_relay_options options);
  tls_relay(const tls_relay&) = delete;
  tls_relay& operator=(const tls_relay&) = delete;

  /// Closes all connections.
  ~tls_relay();

  std::uint16_t port() const noexcept;

  /// Whose connection comes from `port` of this machine, as "1.2.3.4:5";
  /// empty when none of ours does.
  std::string peer_of(std::uint16_t port) const;

  /// Connections at this moment.
  std::size_t size() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::transport
