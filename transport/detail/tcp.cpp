#include "transport/detail/tcp.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport::detail {

namespace {

/// A descriptor until it is released.
class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_;
};

using address_list = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

address_list resolve(const listen_options& how) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto port = std::to_string(how.port);
  const auto rc = ::getaddrinfo(how.host.c_str(), port.c_str(), &hints, &found);
  if (rc != 0)
    throw listen_error(fmt::format(
      "cannot listen on host \"{}\": {}; use an address of this machine, or "
      "0.0.0.0 for all",
      how.host, ::gai_strerror(rc)));
  return {found, &::freeaddrinfo};
}

[[noreturn]] void fail(const listen_options& how, int error) {
  if (error == EADDRINUSE)
    throw listen_error(fmt::format(
      "port {} is in use: stop the program that has it or choose another port",
      how.port));
  if (error == EACCES)
    throw listen_error(
      fmt::format("port {} needs privileges: choose one above 1023", how.port));
  throw listen_error(fmt::format("cannot listen on {}:{}: {}", how.host,
                                 how.port, std::strerror(error)));
}

int bind_socket(const listen_options& how, const addrinfo& where,
                bool reuse_port) {
  descriptor fd{
    ::socket(where.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (fd.get() < 0)
    fail(how, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (reuse_port)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  // Connections inherit it: a frame is not to wait for the last one's ack.
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::bind(fd.get(), where.ai_addr, where.ai_addrlen) != 0)
    fail(how, errno);
  return fd.release();
}

} // namespace

int listen_on(const listen_options& how) {
  const auto where = resolve(how);
  // With SO_REUSEPORT alone two nodes of one user would share the clients
  // without a word: this bind fails when the port is anybody's.
  if (!how.shared)
    descriptor probe{bind_socket(how, *where, false)};
  descriptor fd{bind_socket(how, *where, true)};
  if (::listen(fd.get(), how.backlog) != 0)
    fail(how, errno);
  return fd.release();
}

std::uint16_t local_port(int fd) {
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) != 0)
    return 0;
  return ntohs(where.ss_family == AF_INET6
                 ? reinterpret_cast<const sockaddr_in6&>(where).sin6_port
                 : reinterpret_cast<const sockaddr_in&>(where).sin_port);
}

std::size_t waiting_to_be_accepted(int fd) {
  tcp_info x{};
  socklen_t size = sizeof x;
  // Linux: of a listening socket, tcpi_unacked is the length of its queue.
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &x, &size) == 0
           ? x.tcpi_unacked
           : 0;
}

peer_address peer_of(int fd) {
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&where), &size) != 0)
    return {};
  if (where.ss_family == AF_INET6) {
    const auto& x = reinterpret_cast<const sockaddr_in6&>(where);
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &x.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(x.sin6_port)};
  }
  const auto& x = reinterpret_cast<const sockaddr_in&>(where);
  // inet_ntop takes ten times as long.
  const auto all = ntohl(x.sin_addr.s_addr);
  return {fmt::format("{}.{}.{}.{}", all >> 24, all >> 16 & 0xFF,
                      all >> 8 & 0xFF, all & 0xFF),
          ntohs(x.sin_port)};
}

void refuse_connection(int fd, std::string_view bytes) {
  // Bytes left unread would make the close a reset, which may overtake the
  // answer.
  std::array<char, 4096> unread;
  while (::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT)
         == static_cast<ssize_t>(unread.size())) {
  }
  static_cast<void>(
    ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  ::shutdown(fd, SHUT_WR);
  ::close(fd);
}

} // namespace bennu::transport::detail
